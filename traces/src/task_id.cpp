#include "task_id.hpp"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace cocheck::detail {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// `text` split at its last dot, when a number follows it.
struct Sibling {
  std::string_view parent;
  std::uint64_t number = 0;
  bool valid = false;
};

Sibling sibling(std::string_view id) {
  const std::size_t dot = id.rfind('.');
  if (dot == std::string_view::npos) return {};
  Sibling result{id.substr(0, dot), 0, false};
  const std::string_view digits = id.substr(dot + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), result.number);
  result.valid = error == std::errc{} && end == digits.data() + digits.size();
  return result;
}

bool follows(std::string_view id, std::string_view next) {
  const Sibling a = sibling(id);
  const Sibling b = sibling(next);
  return a.valid && b.valid && a.parent == b.parent && a.number + 1 == b.number;
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

std::string id_list(const std::vector<std::string>& ids) {
  constexpr std::size_t kShortestRun = 4;
  std::string text;
  for (std::size_t i = 0; i < ids.size();) {
    std::size_t last = i;
    while (last + 1 < ids.size() && follows(ids[last], ids[last + 1])) ++last;
    if (last - i + 1 < kShortestRun) last = i;
    if (!text.empty()) text += ' ';
    text += ids[i];
    if (last != i) text += " .. " + ids[last];
    i = last + 1;
  }
  return text;
}

}  // namespace cocheck::detail
