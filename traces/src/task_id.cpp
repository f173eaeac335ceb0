#include "task_id.hpp"

namespace cocheck::detail {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::size_t task_id_length(std::string_view text) {
  std::size_t length = 0;
  for (std::size_t at = 0;; ++at) {
    const std::size_t first = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    const bool leading_zero = at - first > 1 && text[first] == '0';
    if (at == first || leading_zero) return length;
    length = at;
    if (at == text.size() || text[at] != '.') return length;
  }
}

bool is_task_id(std::string_view text) {
  return !text.empty() && task_id_length(text) == text.size();
}

}  // namespace cocheck::detail
