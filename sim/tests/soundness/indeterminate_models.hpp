#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/primitives.hpp"

/// Models that are deterministic though some bytes of what they keep are not: padding, members
/// that were never given a value, alternatives that are not in use. All of them pass.
namespace cocheck::test::indeterminate {

using namespace std::chrono_literals;

/// Leaves on the stack what the next calls will find there: addresses of the model, which are
/// others wherever its memory lies.
[[gnu::noinline]] inline void leave_on_stack(const void* address, int depth) {
  const void* volatile words[32];
  for (const void* volatile& word : words) word = address;
  if (depth > 0) leave_on_stack(address, depth - 1);
  (void)words[depth % 32];
}

inline Task<int> call() {
  co_await sleep(1ms);
  co_return 1;
}
inline Task<int> call(std::chrono::nanoseconds delay) {
  return wait_for(call(), delay);
}
inline Task<> caller() {
  const auto block = std::make_unique<int>(1);
  leave_on_stack(block.get(), 4);
  COCHECK(co_await call(5ms) == 1);
}
/// A duration becomes an optional one in a plain function.
inline Task<> durations() {
  co_await gather(caller(), caller());
}

inline Task<long> take_optional(std::optional<long> value) {
  co_await sleep(0s);
  co_return value.value_or(3);
}
inline Task<> give_optional(int which) {
  const auto block = std::make_unique<int>(which);
  std::optional<long> value;
  if (which == 1) value = 7;
  leave_on_stack(block.get(), 4);
  long sum = co_await take_optional(value);
  sum += co_await take_optional(std::nullopt);
  leave_on_stack(block.get(), 2);
  sum += co_await take_optional(5);
  COCHECK(sum == (which == 1 ? 15 : 11));
}
inline Task<> optionals() {
  co_await gather(give_optional(1), give_optional(2));
}

struct Padded {
  char c;
  long l;
  bool b;
  short s;
};
inline Task<long> take_padded(Padded padded) {
  co_await sleep(0s);
  co_return padded.l + padded.s;
}
[[gnu::noinline]] inline Padded make_padded(long l) {
  Padded padded;
  padded.c = 'c';
  padded.l = l;
  padded.b = true;
  padded.s = 4;
  return padded;
}
inline Task<> give_padded(int which) {
  std::string text(static_cast<std::size_t>(40 + which), 'x');
  leave_on_stack(text.data(), 6);
  const long sum = co_await take_padded(make_padded(which));
  text += std::to_string(sum);
  leave_on_stack(text.data(), 3);
  const auto kept = std::make_unique<Padded>(make_padded(sum));
  std::vector<Padded> several{make_padded(1), *kept, make_padded(3)};
  co_await sleep(0s);
  COCHECK(several[1].l == which + 4);
}
inline Task<> structures() {
  co_await gather(give_padded(1), give_padded(2));
}

using Either = std::variant<bool, long, std::pair<char, long>>;
inline Task<long> take_variant(Either either, std::tuple<char, long, char> tuple) {
  co_await sleep(0s);
  co_return static_cast<long>(either.index()) + std::get<1>(tuple);
}
inline Task<> give_variant(long which) {
  const auto block = std::make_unique<long>(which);
  leave_on_stack(block.get(), 5);
  long sum = co_await take_variant(true, {'a', which, 'b'});
  leave_on_stack(block.get(), 2);
  sum += co_await take_variant(which, {'a', which, 'b'});
  sum += co_await take_variant(std::pair<char, long>('a', which), {'a', which, 'b'});
  COCHECK(sum == 3 + 3 * which);
}
inline Task<> variants() {
  co_await gather(give_variant(1), give_variant(2));
}

inline Task<long> take_long_double(long double value) {
  co_await sleep(0s);
  co_return static_cast<long>(value);
}
inline Task<> give_long_double(int which) {
  const auto block = std::make_unique<int>(which);
  leave_on_stack(block.get(), 4);
  COCHECK(co_await take_long_double(which + 0.5L) == which);
}
/// Of whose 16 bytes 10 mean something.
inline Task<> long_doubles() {
  co_await gather(give_long_double(1), give_long_double(2));
}

struct Counted {
  std::size_t count;
  std::array<long, 600> values;  // only `count` of them have a value
};
[[gnu::noinline]] inline Counted make_counted(long value) {
  Counted counted;
  counted.count = 1;
  counted.values[0] = value;
  return counted;
}
inline Task<> give_counted(int which) {
  const auto block = std::make_unique<int>(which);
  leave_on_stack(block.get(), 40);
  const auto kept = std::make_unique<Counted>(make_counted(which));
  co_await sleep(0s);
  COCHECK(kept->values[0] == which);
}
/// Copied whole though most of it was never written: far more than a few words of stack.
inline Task<> large_structures() {
  co_await gather(give_counted(1), give_counted(2));
}

inline Task<> give_function(int which) {
  const auto block = std::make_unique<int>(which);
  const char c = 'c';
  const long l = which;
  const bool b = true;
  leave_on_stack(block.get(), 4);
  const std::function<long()> kept = [c, l, b] { return b ? l : c; };
  leave_on_stack(block.get(), 4);
  co_await sleep(0s);
  const auto again = kept;
  co_await sleep(0s);
  COCHECK(again() == which);
}
/// Captured values have padding between them.
inline Task<> functions() {
  co_await gather(give_function(1), give_function(2));
}

inline Task<> late_values(int which) {
  const auto block = std::make_unique<int>(which);
  leave_on_stack(block.get(), 4);
  long late;
  std::array<int, 5> some;
  some[2] = which;
  co_await sleep(0s);
  const std::array<int, 5> copy = some;
  late = copy[2];
  co_await sleep(0s);
  COCHECK(late == which);
}
/// Variables that get their value later than their place.
inline Task<> uninitialised() {
  co_await gather(late_values(1), late_values(2));
}

struct Named {
  const char* name;
  Model model;
};
inline std::vector<Named> all() {
  return {{"durations", durations},       {"optionals", optionals},
          {"structures", structures},     {"variants", variants},
          {"long doubles", long_doubles}, {"large structures", large_structures},
          {"functions", functions},       {"uninitialised", uninitialised}};
}

}  // namespace cocheck::test::indeterminate
