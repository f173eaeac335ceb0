// What the C++ library looks at: streams, texts of errors, wide strings, numbers, classes of
// objects, atomics of structs.

#include <atomic>
#include <charconv>
#include <exception>
#include <iomanip>
#include <iterator>
#include <locale>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <typeinfo>

#include "told_access.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;
using test::expect_told;

/// Long, so that it has memory of its own, or short.
struct Long : std::string {
  Long() : std::string("a text that is longer than what a string keeps in itself") {}
};
struct Short : std::string {
  Short() : std::string("short") {}
};

/// One character of a text changes.
template <class Look>
void expect_text_seen(Look look) {
  expect_told<Long>(look, [](Long& text) { text[1] = 'X'; });
  expect_told<Short>(look, [](Short& text) { text[1] = 'X'; });
}

TEST(LibraryReads, WhatIsWrittenToStreams) {
  expect_text_seen([](const std::string& text) {
    std::ostringstream out;
    out << text;
    return out.str();
  });
  expect_text_seen([](const std::string& text) {
    std::ostringstream out;
    out << std::string_view(text).substr(1) << 1 << 2.5 << true;
    return out.str();
  });
  expect_text_seen([](const std::string& text) {
    std::ostringstream out;
    out << std::setw(70) << std::left << text << text.c_str();
    return out.str();
  });
  expect_text_seen([](const std::string& text) {
    std::ostringstream out;
    out.write(text.data(), 3);
    return out.str();
  });
  expect_text_seen([](const std::string& text) {
    std::ostringstream out;
    out.rdbuf()->sputn(text.data(), 4);
    return out.str();
  });
  expect_text_seen([](const std::string& text) {
    std::ostringstream out;
    out << std::quoted(text);
    return out.str();
  });
}

TEST(LibraryReads, WhatIsReadFromStreams) {
  expect_text_seen([](const std::string& text) {
    std::istringstream in(text);
    std::string word;
    in >> word;
    return word;
  });
  expect_text_seen([](const std::string& text) {
    std::istringstream in(text);
    std::string line;
    std::getline(in, line);
    return line;
  });
  expect_text_seen([](const std::string& text) {
    std::istringstream in(text);
    return std::string(std::istreambuf_iterator<char>(in), {});
  });
}

TEST(LibraryReads, TextsThatALocaleCompares) {
  expect_text_seen([](const std::string& text) {
    const std::locale locale;
    const bool before_space = locale(text, std::string("a0"));
    return std::to_string(before_space * 2 + locale(text, std::string("sZ")));
  });
}

struct Digits : std::string {
  Digits() : std::string("12") {}
};

TEST(LibraryReads, NumbersFromStreams) {
  expect_told<Digits>(
      [](const std::string& text) {
        std::istringstream in(text);
        int number = 0;
        in >> number;
        return std::to_string(number);
      },
      [](std::string& text) { text[1] = '3'; });
}

struct Numbers {
  int whole = 1;
  double real = 1.5;
};

TEST(LibraryReads, NumbersThatAreWrittenToStreams) {
  expect_told<Numbers>(
      [](const Numbers& numbers) {
        std::ostringstream out;
        out << numbers.whole << ' ' << numbers.real;
        return out.str();
      },
      [](Numbers& numbers) { numbers.real = 2.5; });
}

TEST(LibraryReads, AStreamThatIsShared) {
  expect_told<std::ostringstream>([](const std::ostringstream& out) { return out.str(); },
                                  [](std::ostringstream& out) { out << "text"; });
  expect_told<std::ostringstream>([](const std::ostringstream& out) { return out.str(); },
                                  [](std::ostringstream& out) { out << 17 << 2.5; });
}

template <class Error>
[[gnu::noinline]] std::string thrown(const std::string& text) {
  try {
    throw Error(text);
  } catch (const std::exception& error) {
    return error.what();
  }
}
template <class Error>
[[gnu::noinline]] std::string thrown(const char* text) {
  try {
    throw Error(text);
  } catch (const std::exception& error) {
    return error.what();
  }
}

struct OurError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST(LibraryReads, TextsOfErrors) {
  expect_text_seen([](const std::string& text) { return thrown<std::runtime_error>(text); });
  expect_text_seen([](const std::string& text) { return thrown<std::logic_error>(text); });
  expect_text_seen([](const std::string& text) { return thrown<std::invalid_argument>(text); });
  expect_text_seen([](const std::string& text) { return thrown<std::out_of_range>(text.c_str()); });
  expect_text_seen([](const std::string& text) { return thrown<std::range_error>(text.c_str()); });
  expect_text_seen([](const std::string& text) { return thrown<OurError>(text); });
  expect_text_seen([](const std::string& text) {
    try {
      throw std::system_error(std::make_error_code(std::errc::io_error), text);
    } catch (const std::exception& error) {
      return std::string(error.what());
    }
  });
}

struct Wide : std::wstring {
  Wide() : std::wstring(L"a wide text that has memory of its own") {}
};

template <class Look>
void expect_wide_seen(Look look) {
  expect_told<Wide>([=](const Wide& text) { return std::to_string(look(text)); },
                    [](Wide& text) { text[2] = L'X'; });
}

TEST(LibraryReads, WideStrings) {
  const std::wstring same = Wide();
  expect_wide_seen([=](const std::wstring& text) { return text == same; });
  expect_wide_seen([=](const std::wstring& text) { return text < same; });
  expect_wide_seen([](const std::wstring& text) { return text.find(L'X'); });
  expect_wide_seen([](const std::wstring& text) { return text.find(L"wide"); });
  expect_wide_seen([](const std::wstring& text) {
    const std::wstring copy = text;
    return static_cast<int>(copy[2]);
  });
  expect_wide_seen([](const std::wstring& text) {
    std::wstring longer = L"and ";
    longer += text;
    return static_cast<int>(longer[6]);
  });
}

struct Real : std::string {
  Real() : std::string("1.25") {}
};

TEST(LibraryReads, RealNumbersFromCharacters) {
  const auto expect_real = []<class T>(T) {
    expect_told<Real>(
        [](const Real& text) {
          T number = 0;
          std::from_chars(text.data(), text.data() + text.size(), number);
          return std::to_string(number);
        },
        [](Real& text) { text[3] = '6'; });
  };
  expect_real(double());
  expect_real(float());
}

struct Base {
  virtual ~Base() = default;
  int value = 0;
};
struct One : Base {};
struct Other : Base {};

/// An object of one class, or of another one in the same place.
struct Place {
  alignas(One) std::byte bytes[sizeof(One)];
  Base* object = new (bytes) One;
  Place() = default;
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { object->~Base(); }
};

TEST(LibraryReads, TheClassOfAnObject) {
  const auto change = [](Place& place) {
    place.object->~Base();
    place.object = new (place.bytes) Other;
  };
  expect_told<Place>(
      [](Place& place) { return std::to_string(dynamic_cast<One*>(place.object) != nullptr); },
      change);
  expect_told<Place>(
      [](Place& place) { return std::to_string(typeid(*place.object) == typeid(One)); }, change);
}

struct Triple {
  int a = 0;
  int b = 0;
  int c = 0;
};
struct Pair {
  long a = 0;
  long b = 0;
};

template <class T>
struct Atomic {
  std::atomic<T> value{T()};
};

TEST(LibraryReads, AtomicsOfStructs) {
  expect_told<Atomic<Triple>>(
      [](Atomic<Triple>& atomic) { return std::to_string(atomic.value.load().c); },
      [](Atomic<Triple>& atomic) {
        atomic.value.store({1, 2, 3});
      });
  expect_told<Atomic<Pair>>(
      [](Atomic<Pair>& atomic) { return std::to_string(atomic.value.load().b); },
      [](Atomic<Pair>& atomic) {
        atomic.value.store({1, 2});
      });
  expect_told<Atomic<Triple>>(
      [](Atomic<Triple>& atomic) { return std::to_string(atomic.value.load().c); },
      [](Atomic<Triple>& atomic) {
        Triple expected{};
        atomic.value.compare_exchange_strong(expected, {1, 2, 3});
      });
}

}  // namespace
}  // namespace cocheck
