#pragma once

// What the random models of generate.py are made of: types whose values travel in all the ways that
// C++ has, and functions that take and give them. All of it is instrumented with the models, except
// for what is declared as plain.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cocheck/primitives.hpp"

namespace random_models {

using std::chrono::milliseconds;

struct Pair {
  int a = 0;
  int b = 0;
};

struct Three {
  signed char x = 0;
  signed char y = 0;
  signed char z = 0;
};

struct Wide {
  long a = 0;
  long b = 0;
  long c = 0;
};

/// Padding behind `flag`, and behind `small`.
struct Padded {
  bool flag = false;
  long number = 0;
  short small = 0;
};

struct Bits {
  unsigned low : 3 = 0;
  unsigned high : 5 = 0;
  unsigned flag : 1 = 0;
  int next = 0;
};

struct Node {
  explicit Node(int number) : value(number) {}
  int value;
  std::shared_ptr<Node> next;
};

class Shape {
 public:
  explicit Shape(int size) : size_(size) {}
  Shape(const Shape&) = delete;
  Shape& operator=(const Shape&) = delete;
  virtual ~Shape() = default;
  [[nodiscard]] virtual int area() const = 0;

 protected:
  int size_;
};

class Square final : public Shape {
 public:
  using Shape::Shape;
  [[nodiscard]] int area() const override { return size_ * size_; }
};

class Strip final : public Shape {
 public:
  using Shape::Shape;
  [[nodiscard]] int area() const override { return 2 * size_ + 1; }
};

// Values that are taken and given.

[[gnu::noinline]] inline int sum(Pair pair) {
  return pair.a + 3 * pair.b;
}
[[gnu::noinline]] inline Pair pair_of(int number) {
  return {number % 3, number % 2};
}
[[gnu::noinline]] inline int sum(Three three) {
  return three.x + 3 * three.y + 5 * three.z;
}
[[gnu::noinline]] inline Three three_of(int number) {
  return {static_cast<signed char>(number % 2), static_cast<signed char>(number % 3), 1};
}
[[gnu::noinline]] inline int sum(Wide wide) {
  return static_cast<int>(wide.a + 3 * wide.b + 5 * wide.c);
}
[[gnu::noinline]] inline Wide wide_of(int number) {
  return {number % 2, number % 3, 1};
}
[[gnu::noinline]] inline int sum(Padded padded) {
  return (padded.flag ? 7 : 0) + static_cast<int>(padded.number) + padded.small;
}
[[gnu::noinline]] inline Padded padded_of(int number) {
  return {number % 2 == 1, number % 3, static_cast<short>(number % 2)};
}
[[gnu::noinline]] inline int value_of(std::optional<int> maybe) {
  return maybe.value_or(-1);
}
[[gnu::noinline]] inline std::optional<int> maybe_of(int number) {
  if (number % 3 == 0) return std::nullopt;
  return number % 3;
}
[[gnu::noinline]] inline int count_of(milliseconds limit) {
  return static_cast<int>(limit.count());
}
[[gnu::noinline]] inline milliseconds limit_of(int number) {
  return milliseconds(number % 4);
}
[[gnu::noinline]] inline int sum(std::array<int, 3> numbers) {
  return numbers[0] + 3 * numbers[1] + 5 * numbers[2];
}
[[gnu::noinline]] inline int hash_of(std::string_view text) {
  int hash = 7;
  for (const char letter : text) hash = (hash * 31 + letter) % 997;
  return hash;
}

// Work that the C and C++ libraries do.

[[gnu::noinline]] inline int written(const std::string& text) {
  std::ostringstream out;
  out << text << '/' << text.size();
  return hash_of(out.str());
}
[[gnu::noinline]] inline int thrown(const std::string& text) {
  try {
    throw std::runtime_error(text);
  } catch (const std::exception& error) {
    return hash_of(error.what());
  }
}
[[gnu::noinline]] inline int compared(const std::wstring& text) {
  return (text == L"ab" ? 1 : 0) + (text < L"b" ? 2 : 0) + static_cast<int>(text.size());
}
[[gnu::noinline]] inline int hashed(const std::string& text) {
  return static_cast<int>(std::hash<std::string>()(text) % 997);
}
[[gnu::noinline]] inline int parsed(const std::string& text) {
  return text.empty() ? 0 : std::atoi(text.c_str());
}
[[gnu::noinline]] inline int spanned(const std::string& text) {
  return static_cast<int>(std::strspn(text.c_str(), "ab"));
}
[[gnu::noinline]] inline int bytes_equal(const Pair& one, const Pair& other) {
  return std::memcmp(&one, &other, sizeof one) == 0 ? 1 : 0;
}

/// As a library of the user's that is not instrumented.
int plain_sum(const Pair& pair);
void plain_store(Pair& pair, int number);
int plain_length(const std::string& text);

/// Grows to a few letters, so that there are not too many states.
inline void append(std::string& text, int number) {
  if (text.size() >= 3) text.clear();
  text += static_cast<char>('a' + number % 3);
}
inline void append(std::wstring& text, int number) {
  if (text.size() >= 2) text.clear();
  text += static_cast<wchar_t>(L'a' + number % 2);
}

}  // namespace random_models
