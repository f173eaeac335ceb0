// A Task is a coroutine: it runs where it is awaited, and gives its value or throws.

#include "cocheck/task.hpp"

#include <iostream>
#include <stdexcept>
#include <string>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"

namespace {

cocheck::Task<int> parse(std::string text) {
  co_return std::stoi(text);  // throws std::invalid_argument for what is no number
}

cocheck::Task<int> parse_or(std::string text, int fallback) {
  try {
    co_return co_await parse(std::move(text));
  } catch (const std::invalid_argument&) {
    co_return fallback;
  }
}

cocheck::Task<> model() {
  const int number = co_await parse_or("42", 0);
  const int fallback = co_await parse_or("no number", 7);
  COCHECK(number == 42);
  COCHECK(fallback == 7);
}

}  // namespace

int main() {
  const cocheck::Verdict verdict = cocheck::explore(model);
  std::cout << verdict.summary() << '\n';
  return verdict.kind == cocheck::Verdict::Kind::proved ? 0 : 1;
}
