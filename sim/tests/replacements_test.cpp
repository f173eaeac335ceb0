// What sim/src/replacements.cpp puts in the place of the standard library's.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cocheck/detail/model_memory.hpp"

namespace cocheck::detail {
namespace {

constexpr std::size_t kLimit = std::size_t{1} << 20;
const std::string kLong(100, 'x');

[[nodiscard]] ModelMemory* owner_of(const void* address) {
  return ModelMemory::owner_of(address);
}

class ReplacementsTest : public ::testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(ModelMemory::current(), nullptr);
    EXPECT_EQ(memory_->outstanding(), 0u) << "something has not been returned";
    EXPECT_FALSE(memory_->invalid_free());
  }
  [[nodiscard]] ModelMemory* mine() const { return memory_.get(); }

  ModelMemory::Handle memory_ = ModelMemory::acquire(kLimit);
};

TEST_F(ReplacementsTest, HoldEverything) {
  EXPECT_TRUE(ModelMemory::holds_everything());
}

// All forms of new and delete.

struct Form {
  const char* name;
  void* (*allocate)(std::size_t);
  void (*release)(void*, std::size_t);
  std::size_t alignment;
  bool throws;
};

constexpr auto kPlain = std::size_t{__STDCPP_DEFAULT_NEW_ALIGNMENT__};
constexpr std::align_val_t kLine{64};
constexpr std::align_val_t kPage{4096};

const Form kForms[] = {
    {"plain", [](std::size_t bytes) { return ::operator new(bytes); },
     [](void* memory, std::size_t) { ::operator delete(memory); }, kPlain, true},
    {"sized", [](std::size_t bytes) { return ::operator new(bytes); },
     [](void* memory, std::size_t bytes) { ::operator delete(memory, bytes); }, kPlain, true},
    {"array", [](std::size_t bytes) { return ::operator new[](bytes); },
     [](void* memory, std::size_t) { ::operator delete[](memory); }, kPlain, true},
    {"sized_array", [](std::size_t bytes) { return ::operator new[](bytes); },
     [](void* memory, std::size_t bytes) { ::operator delete[](memory, bytes); }, kPlain, true},
    {"aligned_64", [](std::size_t bytes) { return ::operator new(bytes, kLine); },
     [](void* memory, std::size_t) { ::operator delete(memory, kLine); }, 64, true},
    {"aligned_4096", [](std::size_t bytes) { return ::operator new(bytes, kPage); },
     [](void* memory, std::size_t) { ::operator delete(memory, kPage); }, 4096, true},
    {"sized_aligned", [](std::size_t bytes) { return ::operator new(bytes, kPage); },
     [](void* memory, std::size_t bytes) { ::operator delete(memory, bytes, kPage); }, 4096, true},
    {"aligned_array", [](std::size_t bytes) { return ::operator new[](bytes, kLine); },
     [](void* memory, std::size_t) { ::operator delete[](memory, kLine); }, 64, true},
    {"sized_aligned_array", [](std::size_t bytes) { return ::operator new[](bytes, kPage); },
     [](void* memory, std::size_t bytes) { ::operator delete[](memory, bytes, kPage); }, 4096,
     true},
    {"nothrow", [](std::size_t bytes) { return ::operator new(bytes, std::nothrow); },
     [](void* memory, std::size_t) { ::operator delete(memory, std::nothrow); }, kPlain, false},
    {"nothrow_array", [](std::size_t bytes) { return ::operator new[](bytes, std::nothrow); },
     [](void* memory, std::size_t) { ::operator delete[](memory, std::nothrow); }, kPlain, false},
    {"nothrow_aligned",
     [](std::size_t bytes) { return ::operator new(bytes, kLine, std::nothrow); },
     [](void* memory, std::size_t) { ::operator delete(memory, kLine, std::nothrow); }, 64, false},
    {"nothrow_aligned_array",
     [](std::size_t bytes) { return ::operator new[](bytes, kPage, std::nothrow); },
     [](void* memory, std::size_t) { ::operator delete[](memory, kPage, std::nothrow); }, 4096,
     false},
};

class FormsTest : public ReplacementsTest, public ::testing::WithParamInterface<Form> {
 protected:
  static constexpr std::size_t kSizes[] = {0, 1, 31, 32, 33, 100, 5'000};

  [[nodiscard]] static bool aligned(const void* memory) {
    return reinterpret_cast<std::uintptr_t>(memory) % GetParam().alignment == 0;
  }
  /// Allocates `bytes` and says whether that failed in the way of the form.
  [[nodiscard]] static bool fails(std::size_t bytes) {
    try {
      void* memory = GetParam().allocate(bytes);
      if (memory == nullptr) return !GetParam().throws;
      GetParam().release(memory, bytes);
      return false;
    } catch (const std::bad_alloc&) {
      return GetParam().throws;
    }
  }
};

TEST_P(FormsTest, InsideComesFromTheMemoryAndCanBeReleasedOutside) {
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (const std::size_t bytes : kSizes) {
    void* memory = nullptr;
    {
      const ModelMemory::Scope inside(mine());
      memory = GetParam().allocate(bytes);
      std::memset(memory, 7, bytes);
    }
    EXPECT_EQ(owner_of(memory), mine()) << bytes;
    EXPECT_TRUE(aligned(memory)) << bytes;
    EXPECT_GE(memory_->block(memory_->block_at(memory)).bytes, bytes);
    for (const auto& [other, size] : blocks) EXPECT_NE(memory, other) << bytes << ", " << size;
    blocks.emplace_back(memory, bytes);
  }
  EXPECT_EQ(memory_->outstanding(), blocks.size());
  for (const auto& [memory, bytes] : blocks) {
    for (std::size_t i = 0; i < bytes; ++i) ASSERT_EQ(static_cast<char*>(memory)[i], 7) << i;
    GetParam().release(memory, bytes);
  }
}

TEST_P(FormsTest, InsideCanBeReleasedInside) {
  bool all_mine = true;
  {
    const ModelMemory::Scope inside(mine());
    for (const std::size_t bytes : kSizes) {
      void* memory = GetParam().allocate(bytes);
      all_mine = all_mine && owner_of(memory) == mine() && aligned(memory);
      GetParam().release(memory, bytes);
    }
  }
  EXPECT_TRUE(all_mine);
  EXPECT_EQ(memory_->outstanding(), 0u);
}

TEST_P(FormsTest, OutsideComesFromTheHeapAndCanBeReleasedInside) {
  for (const std::size_t bytes : kSizes) {
    void* memory = GetParam().allocate(bytes);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(owner_of(memory), nullptr) << bytes;
    EXPECT_TRUE(aligned(memory)) << bytes;
    std::memset(memory, 7, bytes);
    const ModelMemory::Scope inside(mine());
    GetParam().release(memory, bytes);
  }
  EXPECT_EQ(memory_->outstanding(), 0u);
  EXPECT_FALSE(memory_->invalid_free());
}

TEST_P(FormsTest, ReleasingNothingIsFine) {
  GetParam().release(nullptr, 0);
  {
    const ModelMemory::Scope inside(mine());
    GetParam().release(nullptr, 0);
  }
  EXPECT_FALSE(memory_->invalid_free());
}

TEST_P(FormsTest, FailsAtTheLimit) {
  bool failed = false;
  {
    const ModelMemory::Scope inside(mine());
    failed = fails(kLimit + 1);
  }
  EXPECT_TRUE(failed);
  EXPECT_TRUE(memory_->exhausted());
  void* memory = GetParam().allocate(kLimit + 1);
  EXPECT_NE(memory, nullptr) << "the limit is not that of the heap";
  GetParam().release(memory, kLimit + 1);
}

TEST_P(FormsTest, FailsInsideForMoreThanThereCanBe) {
  memory_ = ModelMemory::acquire(kLimit / 16);
  for (const std::size_t less : {0u, 10u, 63u, 64u, 65u, 4096u}) {
    bool failed = false;
    {
      const ModelMemory::Scope inside(mine());
      failed = fails(~std::size_t{0} - less);
    }
    ASSERT_TRUE(failed) << less;
    ASSERT_TRUE(memory_->exhausted()) << less;
    ASSERT_EQ(memory_->outstanding(), 0u) << less;
    memory_->begin_execution();
  }
}

#if defined(__SANITIZE_ADDRESS__)
#define COCHECK_TEST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COCHECK_TEST_ASAN 1
#endif
#endif

#ifndef COCHECK_TEST_ASAN  // where malloc ends the program
TEST_P(FormsTest, FailsOutsideForMoreThanThereCanBe) {
  for (const std::size_t less : {0u, 10u, 63u, 64u, 65u, 4096u}) {
    ASSERT_TRUE(fails(~std::size_t{0} - less)) << less;
  }
}
#endif

INSTANTIATE_TEST_SUITE_P(All, FormsTest, ::testing::ValuesIn(kForms),
                         [](const auto& form) { return std::string(form.param.name); });

TEST_F(ReplacementsTest, AFullMemoryThrowsBadAllocToo) {
  const ModelMemory::Handle small = ModelMemory::acquire(4096);
  std::array<void*, 1000> blocks{};
  std::size_t count = 0;
  bool caught = false;
  {
    const ModelMemory::Scope inside(small.get());
    try {
      for (; count < blocks.size(); ++count) blocks[count] = ::operator new(8);
    } catch (const std::bad_alloc&) {  // nothing is left for this exception itself
      caught = true;
    }
  }
  EXPECT_TRUE(caught);
  EXPECT_EQ(count, 4096u / 32u);
  EXPECT_TRUE(small->exhausted());
  for (std::size_t i = 0; i < count; ++i) ::operator delete(blocks[i]);
  EXPECT_EQ(small->outstanding(), 0u);
}

TEST_F(ReplacementsTest, AFullMemoryGivesNullWhereNothingMayBeThrown) {
  const ModelMemory::Handle small = ModelMemory::acquire(4096);
  std::vector<void*> blocks;
  blocks.reserve(1000);
  {
    const ModelMemory::Scope inside(small.get());
    while (blocks.size() < 1000) {
      void* memory = ::operator new(8, std::nothrow);
      if (memory == nullptr) break;
      blocks.push_back(memory);
    }
  }
  EXPECT_EQ(blocks.size(), 4096u / 32u);
  for (void* memory : blocks) ::operator delete(memory);
}

// Exceptions.

struct Plain {
  int value;
};

TEST_F(ReplacementsTest, AnExceptionLiesInTheMemory) {
  ModelMemory* owner = nullptr;
  ModelMemory* owner_of_text = nullptr;
  std::size_t outstanding = 0;
  {
    const ModelMemory::Scope inside(mine());
    try {
      throw std::runtime_error(kLong);
    } catch (const std::runtime_error& error) {
      owner = owner_of(&error);
      owner_of_text = owner_of(error.what());
      outstanding = memory_->outstanding();
    }
  }
  EXPECT_EQ(owner, mine());
  EXPECT_EQ(owner_of_text, mine());
  EXPECT_EQ(outstanding, 2u);
  EXPECT_EQ(memory_->outstanding(), 0u);
}

TEST_F(ReplacementsTest, OneThrownByTheStandardLibraryTooAndItMayBeCaughtOutside) {
  try {
    const ModelMemory::Scope inside(mine());
    std::string().at(3) = 'x';
    ADD_FAILURE();
  } catch (const std::out_of_range& error) {
    EXPECT_EQ(owner_of(&error), mine());
    EXPECT_NE(memory_->outstanding(), 0u);
  }
  EXPECT_EQ(memory_->outstanding(), 0u);
}

TEST_F(ReplacementsTest, AnExceptionThatIsKeptStaysThere) {
  std::exception_ptr kept;
  {
    const ModelMemory::Scope inside(mine());
    try {
      throw Plain{42};
    } catch (...) {
      kept = std::current_exception();
    }
  }
  EXPECT_EQ(memory_->outstanding(), 1u);
  for (int i = 0; i < 2; ++i) {
    try {
      std::rethrow_exception(kept);
    } catch (const Plain& plain) {
      EXPECT_EQ(owner_of(&plain), mine());
      EXPECT_EQ(plain.value, 42);
    }
  }
  EXPECT_EQ(memory_->outstanding(), 1u);
  kept = nullptr;
  EXPECT_EQ(memory_->outstanding(), 0u);
}

TEST_F(ReplacementsTest, AnExceptionThatIsMadeLiesThereToo) {
  std::exception_ptr kept;
  {
    const ModelMemory::Scope inside(mine());
    kept = std::make_exception_ptr(Plain{42});
  }
  EXPECT_EQ(memory_->outstanding(), 1u);
  {
    const ModelMemory::Scope inside(mine());
    std::exception_ptr copy = kept;
    kept = nullptr;
    try {
      std::rethrow_exception(std::exchange(copy, nullptr));
    } catch (const Plain&) {
      kept = std::current_exception();
    }
  }
  EXPECT_EQ(memory_->outstanding(), 1u);
  try {
    std::rethrow_exception(kept);
  } catch (const Plain& plain) {
    EXPECT_EQ(owner_of(&plain), mine());
    EXPECT_EQ(plain.value, 42);
  }
  kept = nullptr;
  EXPECT_EQ(memory_->outstanding(), 0u);
}

TEST_F(ReplacementsTest, OfAnExceptionOnlyTheUnwindersWordsAreNoState) {
  const std::exception_ptr kept = [&] {
    const ModelMemory::Scope inside(mine());
    return std::make_exception_ptr(std::array<std::uint64_t, 4>{1, 2, 3, 4});
  }();
  try {
    std::rethrow_exception(kept);
  } catch (const std::array<std::uint64_t, 4>& object) {
    ASSERT_EQ(owner_of(&object), mine());
    const ModelMemory::BlockId id = memory_->block_at(&object);
    const auto offset = reinterpret_cast<const std::byte*>(&object) - memory_->address(id);
    const std::uint64_t links = memory_->block(id).links;
    EXPECT_NE(links, 0u);
    EXPECT_EQ(links >> (offset / 8), 0u) << "the object is part of the state";
    EXPECT_EQ(links & 1u, 0u) << "so is the count of references";
  }
}

TEST_F(ReplacementsTest, AnExceptionFromOutsideLiesOnTheHeap) {
  ModelMemory* owner = mine();
  int value = 0;
  try {
    throw Plain{42};
  } catch (const Plain& plain) {
    const ModelMemory::Scope inside(mine());
    owner = owner_of(&plain);
    try {
      throw;
    } catch (const Plain& again) {
      value = again.value;
    }
  }
  EXPECT_EQ(owner, nullptr);
  EXPECT_EQ(value, 42);
}

TEST_F(ReplacementsTest, AnExceptionThatFindsNoRoomIsThrownAllTheSame) {
  struct Big {
    std::array<char, kLimit> bytes;
  };
  ModelMemory* owner = mine();
  char last = 0;
  const auto big = std::make_unique<Big>();
  big->bytes.back() = 'x';
  {
    const ModelMemory::Scope inside(mine());
    try {
      throw Big(*big);
    } catch (const Big& caught) {
      owner = owner_of(&caught);
      last = caught.bytes.back();
    }
  }
  EXPECT_EQ(owner, nullptr);
  EXPECT_EQ(last, 'x');
  EXPECT_TRUE(memory_->exhausted());
}

// Local statics.

const std::string& text_in_static() {
  static const std::string text(200, 'x');
  return text;
}

TEST_F(ReplacementsTest, ALocalStaticLivesOnTheHeap) {
  const std::string* text = nullptr;
  ModelMemory* current = nullptr;
  std::size_t outstanding = 0;
  {
    const ModelMemory::Scope inside(mine());
    text = &text_in_static();
    outstanding = memory_->outstanding();
    current = ModelMemory::current();
  }
  EXPECT_EQ(owner_of(text->data()), nullptr);
  EXPECT_EQ(outstanding, 0u);
  EXPECT_EQ(current, mine());
  EXPECT_EQ(*text, std::string(200, 'x'));
}

struct Statics {
  const std::vector<int>* inner = nullptr;
  std::vector<int> before;
  std::vector<int> after;
  ModelMemory* within = nullptr;
};

const std::vector<int>& inner_static() {
  static const std::vector<int> numbers(200, 7);
  return numbers;
}

const Statics& outer_static() {
  static const Statics statics = [] {
    Statics made;
    made.before.resize(100);
    made.inner = &inner_static();
    made.within = ModelMemory::current();
    made.after.resize(100);
    return made;
  }();
  return statics;
}

TEST_F(ReplacementsTest, NestedLocalStaticsToo) {
  const Statics* statics = nullptr;
  ModelMemory* current = nullptr;
  {
    const ModelMemory::Scope inside(mine());
    statics = &outer_static();
    current = ModelMemory::current();
  }
  EXPECT_EQ(owner_of(statics->before.data()), nullptr);
  EXPECT_EQ(owner_of(statics->inner->data()), nullptr);
  EXPECT_EQ(owner_of(statics->after.data()), nullptr);
  EXPECT_EQ(statics->within, nullptr) << "the inner one must not end the outer one";
  EXPECT_EQ(current, mine());
}

const std::vector<int>& throwing_static() {
  static const std::vector<int> numbers = []() -> std::vector<int> {
    const std::vector<int> begun(200);
    throw std::runtime_error(kLong);
  }();
  return numbers;
}

const std::vector<int>& static_with_throwing_static() {
  static const std::vector<int> numbers = throwing_static();
  return numbers;
}

const std::vector<int>& static_with_retry() {
  static const std::vector<int> numbers = [] {
    try {
      static_cast<void>(static_with_throwing_static());
    } catch (const std::runtime_error&) {
    }
    return std::vector<int>(200, 7);
  }();
  return numbers;
}

TEST_F(ReplacementsTest, WhereItsInitialiserThrowsTheMemoryIsCurrentAgain) {
  std::array<ModelMemory*, 2> current{};
  std::array<ModelMemory*, 2> owner{mine(), mine()};
  std::size_t outstanding = 0;
  const std::vector<int>* numbers = nullptr;
  {
    const ModelMemory::Scope inside(mine());
    for (std::size_t i = 0; i < current.size(); ++i) {
      try {
        static_cast<void>(static_with_throwing_static());
      } catch (const std::runtime_error& error) {
        owner[i] = owner_of(&error);
        outstanding += memory_->outstanding();
      }
      current[i] = ModelMemory::current();
    }
    numbers = &static_with_retry();
  }
  EXPECT_EQ(current, (std::array<ModelMemory*, 2>{mine(), mine()}));
  EXPECT_EQ(owner, (std::array<ModelMemory*, 2>{})) << "they were thrown outside of the model";
  EXPECT_EQ(outstanding, 0u);
  EXPECT_EQ(owner_of(numbers->data()), nullptr);
  EXPECT_EQ(numbers->size(), 200u);
}

bool static_with_scope(ModelMemory* memory) {
  static const bool good = [&] {
    const ModelMemory::Scope inside(memory);
    static const std::vector<int> numbers(200, 7);
    return owner_of(numbers.data()) == nullptr && ModelMemory::current() == memory;
  }();
  return good;
}

TEST_F(ReplacementsTest, AStaticOfTheHarnessMayRunAModel) {
  EXPECT_TRUE(static_with_scope(mine()));
}

// What models are made of.

TEST_F(ReplacementsTest, ContainersAndStrings) {
  std::vector<const void*> parts;
  parts.reserve(100);
  struct Model {
    std::vector<int> vector = std::vector<int>(1'000);
    std::string string = std::string(1'000, 'x');
    std::deque<int> deque = std::deque<int>(1'000);
    std::map<int, std::string> map;
    std::unordered_map<int, std::string> unordered_map;
    std::function<int()> function;
    std::shared_ptr<int> shared_pointer = std::make_shared<int>(1);
    std::shared_ptr<int> adopted = std::shared_ptr<int>(new int(1));
    std::unique_ptr<int[]> array = std::make_unique<int[]>(100);
  };
  std::optional<Model> model;
  {
    const ModelMemory::Scope inside(mine());
    model.emplace();
    const std::array<int, 100> captured{};
    model->function = [captured] { return captured[99]; };
    for (int i = 0; i < 10; ++i) {
      model->map[i] = std::string(100, 'x');
      model->unordered_map[i] = std::string(100, 'x');
    }
    const Model& made = *model;
    parts = {&made.vector.front(),      made.string.data(), &made.deque.front(), &made.deque.back(),
             made.shared_pointer.get(), made.adopted.get(), made.array.get()};
    for (int i = 0; i < 10; ++i) {
      for (const void* part : {static_cast<const void*>(&made.map.at(i)),
                               static_cast<const void*>(made.map.at(i).data()),
                               static_cast<const void*>(&made.unordered_map.at(i)),
                               static_cast<const void*>(made.unordered_map.at(i).data())}) {
        parts.push_back(part);
      }
    }
  }
  EXPECT_EQ(parts.size(), 47u);
  for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(owner_of(parts[i]), mine()) << i;
  EXPECT_EQ(model->function(), 0);
  const std::size_t before = memory_->outstanding();
  model->function = nullptr;
  EXPECT_EQ(memory_->outstanding(), before - 1) << "the captures lay there";
  model.reset();
  EXPECT_EQ(memory_->outstanding(), 0u);
}

TEST_F(ReplacementsTest, TheSameModelAgainGetsTheSameAddresses) {
  std::array<const void*, 2> addresses{};
  for (const void*& address : addresses) {
    memory_->begin_execution();
    const ModelMemory::Scope inside(mine());
    std::map<int, std::string> map;
    for (int i = 0; i < 100; ++i) map[i * 37 % 100] = std::string(50, 'x');
    for (int i = 0; i < 100; i += 3) map.erase(i);
    address = map[50].append(200, 'y').data();
  }
  EXPECT_EQ(owner_of(addresses[0]), mine());
  EXPECT_EQ(addresses[0], addresses[1]);
}

TEST_F(ReplacementsTest, AScopeWithoutMemoryLeavesTheModel) {
  ModelMemory* owner = mine();
  {
    const ModelMemory::Scope inside(mine());
    const ModelMemory::Scope outside(nullptr);
    const std::vector<int> numbers(100);
    owner = owner_of(numbers.data());
  }
  EXPECT_EQ(owner, nullptr);
}

// Threads.

TEST_F(ReplacementsTest, AThreadIsNotInTheScopeOfAnother) {
  const std::size_t used = memory_->used();
  std::atomic<bool> go = false;
  ModelMemory* current = mine();
  ModelMemory* owner = mine();
  std::thread thread([&] {
    while (!go) std::this_thread::yield();
    current = ModelMemory::current();
    const std::vector<int> numbers(100);
    owner = owner_of(numbers.data());
  });
  {
    const ModelMemory::Scope inside(mine());
    go = true;
    thread.join();
  }
  EXPECT_EQ(current, nullptr);
  EXPECT_EQ(owner, nullptr);
  EXPECT_EQ(memory_->used(), used);
}

TEST_F(ReplacementsTest, ThreadsWithMemoriesOfTheirOwn) {
  constexpr int kThreads = 3;
  std::atomic<int> ready = 0;
  std::array<bool, kThreads> all_mine{};
  std::vector<std::thread> threads;
  for (bool& mine_only : all_mine) {
    threads.emplace_back([&] {
      const ModelMemory::Handle memory = ModelMemory::acquire(kLimit);
      ++ready;
      while (ready < kThreads) std::this_thread::yield();
      mine_only = true;
      for (int i = 0; i < 2'000; ++i) {
        const ModelMemory::Scope inside(memory.get());
        const std::string text(static_cast<std::size_t>(30 + i % 200), 'x');
        mine_only = mine_only && owner_of(text.data()) == memory.get();
        try {
          throw std::runtime_error(text);
        } catch (const std::runtime_error& error) {
          mine_only = mine_only && owner_of(&error) == memory.get();
        }
      }
      mine_only = mine_only && memory->outstanding() == 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const bool mine_only : all_mine) EXPECT_TRUE(mine_only);
}

}  // namespace
}  // namespace cocheck::detail
