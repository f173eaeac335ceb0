// What a step takes from the C library: memory, which is the model's, and what that keeps where
// nobody sees it.

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "cocheck/check.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "outside.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;
using test::all_strategies;
using test::is_noticed;
using test::is_right;
using test::verdict_of;
using Kind = Verdict::Kind;

// Memory

/// Calls that give memory, each with at least 64 bytes that are not yet used.
using Allocate = void* (*)();
constexpr std::array<Allocate, 6> kAllocations{
    [] { return std::malloc(64); },
    [] { return std::calloc(4, 16); },
    [] { return std::realloc(nullptr, 64); },
    [] { return std::aligned_alloc(64, 64); },
    []() -> void* {
      void* memory = nullptr;
      return ::posix_memalign(&memory, 128, 64) == 0 ? memory : nullptr;
    },
    []() -> void* { return ::strdup(std::string(64, 'x').c_str()); },
};

Task<> write(int& to, int number) {
  co_await sleep(0s);
  to = number;
}

Task<> last_is(Allocate allocate, bool two) {
  int* const last = static_cast<int*>(allocate());
  COCHECK(reinterpret_cast<std::uintptr_t>(last) % alignof(int) == 0);
  *last = 0;
  co_await gather(write(*last, 1), write(*last, 2));
  const int seen = *last;
  std::free(last);
  COCHECK(seen == 2 || (!two && seen == 1));
}

TEST(OutsideSystem, WhatAStepAllocatesWithTheCLibraryIsMemoryOfTheModel) {
  for (const Allocate allocate : kAllocations) {
    for (const Strategy strategy : all_strategies()) {
      EXPECT_TRUE(is_noticed(verdict_of([=] { return last_is(allocate, true); }, strategy)))
          << to_string(strategy);
      EXPECT_TRUE(
          is_right(verdict_of([=] { return last_is(allocate, false); }, strategy), strategy));
    }
  }
}

Task<> grow(char*& text, std::size_t& length, char next) {
  co_await sleep(0s);
  text = static_cast<char*>(std::realloc(text, length + 1));
  text[length++] = next;
}

Task<> grown(bool in_order) {
  char* text = nullptr;
  std::size_t length = 0;
  co_await gather(grow(text, length, 'a'), grow(text, length, 'b'), grow(text, length, 'c'));
  const std::string seen(text, length);
  std::free(text);
  COCHECK(seen.size() == 3);
  COCHECK(!in_order || seen == "abc");
}

TEST(OutsideSystem, ReallocKeepsWhatWasThere) {
  for (const Strategy strategy : all_strategies()) {
    EXPECT_TRUE(is_noticed(verdict_of([] { return grown(true); }, strategy)));
    EXPECT_TRUE(is_right(verdict_of([] { return grown(false); }, strategy), strategy));
  }
}

TEST(OutsideSystem, MallocOutsideOfModelsIsAsEver) {
  char* text = static_cast<char*>(std::malloc(10));
  std::strcpy(text, "123456789");
  text = static_cast<char*>(std::realloc(text, 100'000));
  EXPECT_STREQ(text, "123456789");
  const auto* zeros = static_cast<const char*>(std::calloc(1'000, 3));
  for (int i = 0; i < 3'000; ++i) ASSERT_EQ(zeros[i], 0);
  std::free(text);
  std::free(const_cast<char*>(zeros));
  EXPECT_EQ(std::calloc(~std::size_t{0} / 2, 3), nullptr);
}

// Hidden state

struct HiddenState {
  const char* name;
  void (*call)();
};

const HiddenState kHidden[] = {
    {"rand", [] { (void)std::rand(); }},
    {"srand", [] { std::srand(3); }},
    {"random", [] { (void)::random(); }},
    {"drand48", [] { (void)::drand48(); }},
    {"strtok",
     [] {
       std::array<char, 4> text{"a b"};
       (void)std::strtok(text.data(), " ");
     }},
    {"gmtime",
     [] {
       const std::time_t time = 0;
       (void)std::gmtime(&time);
     }},
    {"setenv", [] { ::setenv("COCHECK_SOUNDNESS", "1", 1); }},
    {"mmap", [] { (void)::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }},
};

TEST(OutsideSystem, WhatKeepsAStateThatNobodySeesIsRefusedByName) {
  for (const HiddenState& hidden : kHidden) {
    for (const Strategy strategy : all_strategies()) {
      const Verdict verdict = verdict_of(
          [&]() -> Task<> {
            co_await sleep(0s);
            hidden.call();
          },
          strategy);
      EXPECT_EQ(verdict.kind, Kind::inconclusive) << hidden.name << " " << verdict.summary();
      EXPECT_TRUE(is_noticed(verdict, hidden.name + std::string("()")));
    }
  }
}

// Statics of functions

int first_of_all(int number) {
  static const int first = number;
  return first;
}

const std::string& first_text(int number) {
  static const std::string first(40, static_cast<char>('a' + number));
  return first;
}

Task<> come(int number) {
  co_await sleep(0s);
  (void)first_of_all(number);
  (void)first_text(number);
}

Task<> first_is(bool one) {
  co_await gather(come(1), come(2));
  const int first = first_of_all(3);
  const std::string& text = first_text(3);
  COCHECK(text == std::string(40, static_cast<char>('a' + first)));
  COCHECK(first == 1 || (!one && first == 2));
}

TEST(OutsideSystem, ALocalStaticThatAStepInitialisesIsPartOfTheState) {
  for (const Strategy strategy : all_strategies()) {
    EXPECT_TRUE(is_noticed(verdict_of([] { return first_is(true); }, strategy)))
        << to_string(strategy);
    EXPECT_TRUE(is_right(verdict_of([] { return first_is(false); }, strategy), strategy));
  }
}

// Addresses

Task<> keeps_inverted_address() {
  int number = 0;
  std::uintptr_t inverted = ~reinterpret_cast<std::uintptr_t>(&number);
  __asm__ volatile("" : "+m"(inverted));  // no compiler may see through it
  co_await sleep(0s);
  COCHECK(reinterpret_cast<int*>(~inverted) == &number);
}

/// Leaves a block behind when it fails.
Task<> leaks() {
  auto* leaked = new int(3);
  co_await sleep(0s);
  COCHECK(*leaked == 4);
  delete leaked;
}

TEST(OutsideSystem, WhatEarlierSearchesLeftDoesNotHideThatAddressesMatter) {
  for (const Strategy strategy : {Strategy::states, Strategy::automatic}) {
    EXPECT_NE(verdict_of(keeps_inverted_address, strategy).kind, Kind::proved);
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(verdict_of(leaks, strategy).kind, Kind::failed);
      EXPECT_NE(verdict_of(keeps_inverted_address, strategy).kind, Kind::proved) << i;
    }
  }
}

}  // namespace
}  // namespace cocheck
