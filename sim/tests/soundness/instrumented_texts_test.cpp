// Functions of C that look at memory and texts of the model. Compilers put other functions, or
// none, in the places of some of them.

#include <strings.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <string>

#include "told_access.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;
using test::expect_told;

using Text = std::array<char, 16>;
using WideText = std::array<wchar_t, 16>;

template <class Char>
void set(std::array<Char, 16>& text, const Char* value) {
  std::size_t at = 0;
  for (; value[at] != 0; ++at) text[at] = value[at];
  text[at] = 0;
}

/// Texts as they are at the beginning.
struct Before : Text {
  Before() : Text{"before"} {}
};
struct Number : Text {
  Number() : Text{"12"} {}
};
struct WideBefore : WideText {
  WideBefore() : WideText{L"before"} {}
};

template <class Look>
void expect_seen(Look look) {
  expect_told<Before>([=](Before& text) { return std::to_string(look(text.data())); },
                      [](Before& text) { set<char>(text, "behind,"); });
}

TEST(TextsOfC, Memory) {
  expect_seen([](const char* text) { return std::memcmp(text, "before", 6) == 0; });
  expect_seen([](const char* text) { return ::bcmp(text, "before", 6) == 0; });
  expect_seen([](const char* text) { return __builtin_memcmp(text, "before", 4) == 0; });
  expect_seen([](const char* text) { return std::memchr(text, 'o', 8) != nullptr; });
  expect_seen([](const char* text) { return ::memrchr(text, 'o', 8) != nullptr; });
  expect_seen([](const char* text) { return ::memmem(text, 7, "for", 3) != nullptr; });
  expect_seen([](const char* text) {
    std::array<char, 8> copy{};
    return ::memccpy(copy.data(), text, 'o', 8) != nullptr;
  });
  expect_seen([](const char* text) {
    std::array<char, 8> copy{};
    return *(static_cast<char*>(::mempcpy(copy.data(), text, 4)) - 1);
  });
}

TEST(TextsOfC, Comparisons) {
  expect_seen([](const char* text) { return std::strcmp(text, "before") == 0; });
  expect_seen([](const char* text) { return std::strncmp(text, "beforehand", 6) == 0; });
  expect_seen([](const char* text) { return __builtin_strncmp(text, "before", 5) == 0; });
  expect_seen([](const char* text) { return ::strcasecmp(text, "BEFORE") == 0; });
  expect_seen([](const char* text) { return ::strncasecmp(text, "BEFOREHAND", 6) == 0; });
  expect_seen([](const char* text) { return std::strcoll(text, "before") == 0; });
}

TEST(TextsOfC, Searches) {
  expect_seen([](const char* text) { return std::strlen(text); });
  expect_seen([](const char* text) { return ::strnlen(text, 10); });
  expect_seen([](const char* text) { return std::strchr(text, 'o') != nullptr; });
  expect_seen([](const char* text) { return std::strrchr(text, 'o') != nullptr; });
  expect_seen([](const char* text) { return std::strstr(text, "for") != nullptr; });
  expect_seen([](const char* text) { return ::strcasestr(text, "FOR") != nullptr; });
  expect_seen([](const char* text) { return std::strspn(text, "befor"); });
  expect_seen([](const char* text) { return std::strcspn(text, "o,"); });
  expect_seen([](const char* text) { return std::strpbrk(text, "o") != nullptr; });
}

TEST(TextsOfC, Copies) {
  expect_seen([](const char* text) {
    Text copy{};
    std::strcpy(copy.data(), text);
    return copy[2];
  });
  expect_seen([](const char* text) {
    Text copy{};
    std::strncpy(copy.data(), text, 4);
    return copy[2];
  });
  expect_seen([](const char* text) {
    Text copy{"a"};
    std::strncat(copy.data(), text, 4);
    return copy[3];
  });
  expect_seen([](const char* text) {
    Text copy{};
    return ::stpcpy(copy.data(), text) - copy.data();
  });
}

TEST(TextsOfC, Formats) {
  expect_seen([](const char* text) {
    Text copy{};
    std::snprintf(copy.data(), copy.size(), "%5d%.4s", 1, text);
    return copy[7];
  });
  expect_seen([](const char* text) {
    std::array<char, 32> copy{};
    return std::sprintf(copy.data(), "%s%%%c%ld", text, 'x', 1L);
  });
  expect_seen([](const char* text) {
    char last = 0;
    return std::sscanf(text, "be%*[^o]%c", &last);
  });
}

/// What functions write is seen by who looks.
template <class Change>
void expect_change_seen(Change change) {
  expect_told<Before>([](Before& text) { return std::string(1, text[2]) + text[3]; },
                      [=](Before& text) { change(text.data()); });
}

TEST(TextsOfC, AreWritten) {
  expect_change_seen([](char* text) { std::memset(text, 'x', 4); });
  expect_change_seen([](char* text) { ::memccpy(text, "abcdef", 'd', 6); });
  expect_change_seen([](char* text) { std::strcpy(text, "abcdef"); });
  expect_change_seen([](char* text) { std::strncpy(text, "abcdef", 5); });
  expect_change_seen([](char* text) { ::stpcpy(text, "abcdef"); });
  expect_change_seen([](char* text) { std::snprintf(text, 6, "%d", 1234567); });
  expect_change_seen([](char* text) { (void)std::sscanf("abcd 5", "%s", text); });
  expect_change_seen([](char* text) { (void)std::sscanf("7", "%c", text + 3); });
  expect_change_seen([](char* text) {
    char* rest = nullptr;
    ::strtok_r(text, "f", &rest);
  });
}

TEST(TextsOfC, Numbers) {
  const auto expect_number = [](auto read) {
    expect_told<Number>([=](Number& text) { return std::to_string(read(text.data())); },
                        [](Number& text) { set<char>(text, "13"); });
  };
  expect_number([](const char* text) { return std::atoi(text); });
  expect_number([](const char* text) { return std::atol(text); });
  expect_number([](const char* text) { return std::atoll(text); });
  expect_number([](const char* text) { return std::atof(text); });
  expect_number([](const char* text) { return std::strtol(text, nullptr, 10); });
  expect_number([](const char* text) { return std::strtoull(text, nullptr, 10); });
  expect_number([](const char* text) { return std::strtod(text, nullptr); });
  expect_number([](const char* text) { return std::stoi(std::string(text)); });
  expect_number([](const char* text) {
    int number = 0;
    (void)std::sscanf(text, "%d", &number);
    return number;
  });
}

TEST(TextsOfC, Wide) {
  const auto expect_wide = [](auto look) {
    expect_told<WideBefore>([=](WideBefore& text) { return std::to_string(look(text.data())); },
                            [](WideBefore& text) { set<wchar_t>(text, L"behind,"); });
  };
  expect_wide([](const wchar_t* text) { return std::wcslen(text); });
  expect_wide([](const wchar_t* text) { return std::wcscmp(text, L"before") == 0; });
  expect_wide([](const wchar_t* text) { return std::wcsncmp(text, L"before", 4) == 0; });
  expect_wide([](const wchar_t* text) { return std::wmemcmp(text, L"before", 4) == 0; });
  expect_wide([](const wchar_t* text) { return std::wmemchr(text, L'o', 6) != nullptr; });
  expect_wide([](const wchar_t* text) { return std::wcschr(text, L'o') != nullptr; });
  expect_wide([](const wchar_t* text) { return std::wcsstr(text, L"for") != nullptr; });
  expect_wide([](const wchar_t* text) {
    WideText copy{};
    std::wcscpy(copy.data(), text);
    return static_cast<int>(copy[2]);
  });
}

int compare(const void* one, const void* other) {
  return *static_cast<const char*>(one) - *static_cast<const char*>(other);
}

TEST(TextsOfC, ThatAreSorted) {
  expect_change_seen([](char* text) { std::qsort(text, 6, 1, compare); });
}

/// Numbers from a state that no search puts back.
TEST(TextsOfC, RandomNumbersAreRefusedByName) {
  const Verdict verdict = explore(
      []() -> Task<> {
        co_await sleep(0s);
        (void)std::rand();
      },
      test::with(Strategy::dpor));
  EXPECT_TRUE(test::is(Verdict::Kind::inconclusive, verdict));
  EXPECT_NE(verdict.reason.find("rand()"), std::string::npos) << verdict.reason;
}

}  // namespace
}  // namespace cocheck
