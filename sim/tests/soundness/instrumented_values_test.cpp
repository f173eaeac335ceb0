// Objects that calls take and give by value: whoever passes one has read it, and whoever takes what
// a call gives has written it.

#include <array>
#include <chrono>
#include <complex>
#include <cstdarg>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

#include "told_access.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;
using test::expect_told;

/// As text, where nothing is inlined.
template <class T>
[[gnu::noinline]] std::string text_of(T value) {
  return std::to_string(value);
}

struct Session {
  int token = 0;
};
[[gnu::noinline]] bool valid(Session session) {
  return session.token != 0;
}

TEST(ValuesByValue, AStructInARegister) {
  expect_told<Session>([](Session& session) { return text_of(valid(session)); },
                       [](Session& session) { session.token = 1; });
}

struct Login {
  virtual ~Login() = default;
  [[nodiscard]] virtual bool accepts(Session session) const { return session.token == 1; }
};

TEST(ValuesByValue, AParameterOfAVirtualFunction) {
  expect_told<Session>(
      [](Session& session) {
        const std::unique_ptr<Login> login = std::make_unique<Login>();
        return text_of(login->accepts(session));
      },
      [](Session& session) { session.token = 1; });
}

TEST(ValuesByValue, AParameterOfAPointerToAFunction) {
  expect_told<Session>(
      [](Session& session) {
        bool (*volatile check)(Session) = valid;
        return text_of(check(session));
      },
      [](Session& session) { session.token = 1; });
}

TEST(ValuesByValue, AParameterOfAFunctionObject) {
  expect_told<Session>(
      [](Session& session) {
        const std::function<bool(Session)> check = valid;
        return text_of(check(session));
      },
      [](Session& session) { session.token = 1; });
}

/// As large as it is.
template <std::size_t kBytes>
struct Sized {
  std::array<char, kBytes> bytes{};
};
template <std::size_t kBytes>
[[gnu::noinline]] int last_of(Sized<kBytes> sized) {
  return sized.bytes[kBytes - 1];
}

template <std::size_t kBytes>
void expect_told_of_size() {
  SCOPED_TRACE(kBytes);
  expect_told<Sized<kBytes>>([](Sized<kBytes>& sized) { return std::to_string(last_of(sized)); },
                             [](Sized<kBytes>& sized) { sized.bytes[kBytes - 1] = 1; });
}

TEST(ValuesByValue, OfEverySmallSize) {
  expect_told_of_size<1>();
  expect_told_of_size<2>();
  expect_told_of_size<3>();
  expect_told_of_size<4>();
  expect_told_of_size<5>();
  expect_told_of_size<6>();
  expect_told_of_size<7>();
  expect_told_of_size<8>();
  expect_told_of_size<9>();
  expect_told_of_size<11>();
  expect_told_of_size<12>();
  expect_told_of_size<13>();
  expect_told_of_size<15>();
  expect_told_of_size<16>();
}

TEST(ValuesByValue, OfSizesThatArePassedInMemory) {
  expect_told_of_size<17>();
  expect_told_of_size<20>();
  expect_told_of_size<24>();
  expect_told_of_size<40>();
  expect_told_of_size<100>();
  expect_told_of_size<300>();
}

struct Point {
  double x = 0;
  double y = 0;
};
[[gnu::noinline]] double sum_of(Point point) {
  return point.x + point.y;
}

TEST(ValuesByValue, AStructInRegistersForRealNumbers) {
  expect_told<Point>([](Point& point) { return text_of(sum_of(point)); },
                     [](Point& point) { point.y = 1; });
}

[[gnu::noinline]] long ticks(std::chrono::milliseconds duration) {
  return duration.count();
}

TEST(ValuesByValue, ADuration) {
  expect_told<std::chrono::milliseconds>(
      [](std::chrono::milliseconds& duration) { return text_of(ticks(duration)); },
      [](std::chrono::milliseconds& duration) { duration += 1ms; });
}

using SystemTime = std::chrono::system_clock::time_point;
[[gnu::noinline]] bool is_past(SystemTime deadline, SystemTime now) {
  return deadline <= now;
}

TEST(ValuesByValue, ATimePoint) {
  expect_told<SystemTime>(
      [](SystemTime& deadline) { return text_of(is_past(deadline, SystemTime())); },
      [](SystemTime& deadline) { deadline += 1s; });
}

[[gnu::noinline]] int value_or_zero(std::optional<int> number) {
  return number.value_or(0);
}

TEST(ValuesByValue, AnOptional) {
  expect_told<std::optional<int>>(
      [](std::optional<int>& number) { return text_of(value_or_zero(number)); },
      [](std::optional<int>& number) { number = 1; });
}

[[gnu::noinline]] std::size_t length_of(std::string_view view) {
  return view.size();
}

TEST(ValuesByValue, AViewOfText) {
  expect_told<std::string_view>([](std::string_view& view) { return text_of(length_of(view)); },
                                [](std::string_view& view) { view = "longer"; });
}

[[gnu::noinline]] int second_of(std::pair<int, int> pair) {
  return pair.second;
}

TEST(ValuesByValue, APair) {
  expect_told<std::pair<int, int>>(
      [](std::pair<int, int>& pair) { return text_of(second_of(pair)); },
      [](std::pair<int, int>& pair) { pair.second = 1; });
}

[[gnu::noinline]] int second_of(std::array<int, 3> array) {
  return array[1];
}

TEST(ValuesByValue, AnArray) {
  expect_told<std::array<int, 3>>(
      [](std::array<int, 3>& array) { return text_of(second_of(array)); },
      [](std::array<int, 3>& array) { array[1] = 1; });
}

[[gnu::noinline]] int number_in(std::variant<int, char> variant) {
  return std::holds_alternative<int>(variant) ? std::get<int>(variant) : -1;
}

TEST(ValuesByValue, AVariant) {
  expect_told<std::variant<int, char>>(
      [](std::variant<int, char>& variant) { return text_of(number_in(variant)); },
      [](std::variant<int, char>& variant) { variant = 'a'; });
}

[[gnu::noinline]] double norm_of(std::complex<double> number) {
  return std::norm(number);
}

TEST(ValuesByValue, AComplexNumber) {
  expect_told<std::complex<double>>(
      [](std::complex<double>& number) { return text_of(norm_of(number)); },
      [](std::complex<double>& number) { number += 1.0; });
}

struct Member {
  Session first;
  Session second;
};

TEST(ValuesByValue, AMemberOfAStruct) {
  expect_told<Member>([](Member& member) { return text_of(valid(member.second)); },
                      [](Member& member) { member.second.token = 1; });
}

TEST(ValuesByValue, AnElementOfAnArray) {
  expect_told<std::array<Session, 4>>(
      [](std::array<Session, 4>& sessions) {
        volatile std::size_t which = 2;
        return text_of(valid(sessions[which]));
      },
      [](std::array<Session, 4>& sessions) { sessions[2].token = 1; });
}

/// As in C: what is not may not be one of any number of parameters.
struct PlainSession {
  int token;
};
[[gnu::noinline]] int first_variadic(int count, ...) {
  std::va_list list;
  va_start(list, count);
  const PlainSession session = va_arg(list, PlainSession);
  va_end(list);
  return session.token;
}

TEST(ValuesByValue, OneOfAnyNumberOfParameters) {
  expect_told<PlainSession>(
      [](PlainSession& session) { return text_of(first_variadic(1, session)); },
      [](PlainSession& session) { session.token = 1; });
}

// What calls give.

template <class T>
[[gnu::noinline]] T copy_of(T& of) {
  return of;
}

TEST(ValuesByValue, WhatIsReturnedIsRead) {
  expect_told<Session>([](Session& session) { return text_of(copy_of(session).token); },
                       [](Session& session) { session.token = 1; });
  expect_told<Sized<40>>([](Sized<40>& sized) { return text_of(copy_of(sized).bytes[39]); },
                         [](Sized<40>& sized) { sized.bytes[39] = 1; });
}

[[gnu::noinline]] Session next(Session session) {
  return {session.token + 1};
}
[[gnu::noinline]] Sized<40> next(Sized<40> sized) {
  ++sized.bytes[39];
  return sized;
}
[[gnu::noinline]] Sized<3> next(Sized<3> sized) {
  ++sized.bytes[2];
  return sized;
}

TEST(ValuesByValue, WhatIsAssignedIsWritten) {
  expect_told<Session>([](Session& session) { return text_of(session.token); },
                       [](Session& session) { session = next(session); });
  expect_told<Sized<3>>([](Sized<3>& sized) { return text_of(sized.bytes[2]); },
                        [](Sized<3>& sized) { sized = next(sized); });
  expect_told<Sized<40>>([](Sized<40>& sized) { return text_of(sized.bytes[39]); },
                         [](Sized<40>& sized) { sized = next(sized); });
}

[[gnu::noinline]] std::optional<int> some(int value) {
  return value;
}

TEST(ValuesByValue, AnOptionalThatIsAssigned) {
  expect_told<std::optional<int>>(
      [](std::optional<int>& number) { return text_of(number.value_or(0)); },
      [](std::optional<int>& number) { number = some(number.value_or(0) + 1); });
}

[[gnu::noinline]] Session fresh_or_throw(bool throws, Session before) {
  if (throws) throw std::runtime_error("no");
  return {before.token + 1};
}

TEST(ValuesByValue, WhatACallThatMayThrowGives) {
  expect_told<Session>([](Session& session) { return text_of(session.token); },
                       [](Session& session) {
                         try {
                           session = fresh_or_throw(false, session);
                           session = fresh_or_throw(true, session);
                         } catch (const std::runtime_error&) {
                           ++session.token;
                         }
                       });
}

/// Optimisation makes a value of such a parameter, which the caller then reads.
[[gnu::noinline]] static int by_reference(const Member& member) {
  return member.second.token;
}

TEST(ValuesByValue, AReferenceThatBecomesAValue) {
  expect_told<Member>([](Member& member) { return text_of(by_reference(member)); },
                      [](Member& member) { member.second.token = 1; });
}

TEST(ValuesByValue, OperandsOfAssembly) {
  expect_told<Session>(
      [](Session& session) {
        int token = 0;
        __asm__("movl %1, %0" : "=r"(token) : "m"(session));
        return text_of(token);
      },
      [](Session& session) { __asm__("addl $1, %0"
                                     : "+m"(session)); });
}

}  // namespace
}  // namespace cocheck
