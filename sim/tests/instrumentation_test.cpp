// What instrumented code leaves in an AccessLog.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/model_memory.hpp"

namespace cocheck::detail {
namespace {

/// The compiler knows no value of it, and that it is needed.
template <class T>
void use(const T& value) {
  __asm__ volatile("" : : "r"(&value) : "memory");
}

/// Some bytes of an object.
using Bytes = std::set<std::size_t>;

Bytes bytes(std::size_t begin, std::size_t count) {
  Bytes result;
  for (std::size_t byte = begin; byte < begin + count; ++byte) result.insert(byte);
  return result;
}

/// What a step did to an object.
struct Touched {
  Bytes reads;
  Bytes writes;
  bool anything_else = false;

  friend bool operator==(const Touched&, const Touched&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Touched& touched) {
    out << "reads";
    for (const std::size_t byte : touched.reads) out << ' ' << byte;
    out << ", writes";
    for (const std::size_t byte : touched.writes) out << ' ' << byte;
    return out << (touched.anything_else ? ", and more" : "");
  }
};

/// One step after the other, in the memory of a model.
class InstrumentationTest : public ::testing::Test {
 protected:
  InstrumentationTest() : memory_(ModelMemory::acquire(1 << 20)) {
    memory_->begin_execution(ModelMemory::Layout::by_process);
  }
  ~InstrumentationTest() override {
    for (ModelMemory::BlockId id = 0; id < memory_->block_count(); ++id) {
      if (memory_->block(id).live()) memory_->deallocate(memory_->address(id));
    }
  }

  /// An object that was there before the step; it is never destroyed.
  template <class T, class... Args>
  T& make(Args&&... args) {
    const ModelMemory::Scope inside(memory_.get());
    T& object = *new T(std::forward<Args>(args)...);
    use(object);
    return object;
  }

  /// In a frame below those that were there when logging began, as the steps of a world are.
  template <class Step>
  __attribute__((noinline)) static void call(Step& step) {
    step();
  }

  template <class Step>
  void run(Step&& step) {
    log_.clear();
    memory_->enter_process(this);
    const ModelMemory::Scope inside(memory_.get());
    const AccessLog::Scope logging(
        log_, AccessLog::Range::between(memory_->begin(), memory_->begin() + memory_->limit()), {});
    call(step);
  }

  /// What the last step did to an object.
  [[nodiscard]] Touched touched(const void* object, std::size_t size) const {
    Touched result;
    const auto begin = reinterpret_cast<std::uintptr_t>(object);
    log_.for_each([&](const AccessLog::Entry& entry) {
      for (std::size_t byte = 0; byte < 8; ++byte) {
        const std::size_t offset = entry.word * 8 + byte - begin;
        const bool read = (entry.reads >> byte & 1) != 0;
        const bool written = (entry.writes >> byte & 1) != 0;
        if (!read && !written) continue;
        if (offset >= size) {
          result.anything_else = true;
          continue;
        }
        if (read) result.reads.insert(offset);
        if (written) result.writes.insert(offset);
      }
    });
    return result;
  }
  template <class T>
  [[nodiscard]] Touched touched(const T& object) const {
    return touched(&object, sizeof object);
  }
  [[nodiscard]] bool nothing_touched() const {
    bool nothing = log_.released().empty();
    log_.for_each([&](const AccessLog::Entry&) { nothing = false; });
    return nothing;
  }

  template <class T>
  void check_plain(std::size_t size) {
    ASSERT_EQ(sizeof(T), size);
    auto& values = make<std::array<T, 3>>();
    const Bytes second = bytes(size, size);
    run([&] {
      const T value = values[1];
      use(value);
    });
    EXPECT_EQ(touched(values), (Touched{second, {}})) << "a read of " << size;
    run([&] { values[1] = T(1); });
    EXPECT_EQ(touched(values), (Touched{{}, second})) << "a write of " << size;
    run([&] { values[1] = static_cast<T>(values[1] + 1); });
    EXPECT_EQ(touched(values), (Touched{second, second})) << "an update of " << size;
    EXPECT_EQ(values[1], T(2));
  }

  template <class T>
  void check_unaligned(std::size_t size) {
    struct __attribute__((packed)) Packed {
      T value;
    };
    for (std::size_t offset = 1; offset < 8; ++offset) {
      auto& buffer = make<std::array<char, 32>>();
      auto* packed = reinterpret_cast<Packed*>(buffer.data() + offset);
      run([&] {
        const T read = packed->value;
        use(read);
      });
      EXPECT_EQ(touched(buffer), (Touched{bytes(offset, size), {}})) << size << " at " << offset;
      run([&] { packed->value = T(1); });
      EXPECT_EQ(touched(buffer), (Touched{{}, bytes(offset, size)})) << size << " at " << offset;
    }
  }

  template <class T>
  void check_atomic() {
    auto& value = make<std::atomic<T>>(T(5));
    const Bytes all = bytes(0, sizeof(T));
    const Touched reads{all, {}};
    const Touched updates{all, all};
    T seen{};
    run([&] { seen = value.load(); });
    EXPECT_EQ(touched(value), reads);
    EXPECT_EQ(seen, T(5));
    run([&] { value.store(T(6)); });
    EXPECT_EQ(touched(value), (Touched{{}, all}));
    run([&] { seen = value.exchange(T(7)); });
    EXPECT_EQ(touched(value), updates);
    EXPECT_EQ(seen, T(6));
    T expected{8};
    bool swapped = true;
    run([&] { swapped = value.compare_exchange_strong(expected, T(9)); });
    EXPECT_EQ(touched(value), reads) << "what fails is a read";
    EXPECT_FALSE(swapped);
    EXPECT_EQ(expected, T(7));
    run([&] { swapped = value.compare_exchange_strong(expected, T(9)); });
    EXPECT_EQ(touched(value), updates);
    EXPECT_TRUE(swapped);
    run([&] { seen = value.fetch_add(T(3)); });
    EXPECT_EQ(touched(value), updates);
    EXPECT_EQ(seen, T(9));
    run([&] { seen = value.fetch_sub(T(2)); });
    EXPECT_EQ(touched(value), updates);
    run([&] { seen = value.fetch_or(T(1)); });
    EXPECT_EQ(touched(value), updates);
    run([&] { seen = value.fetch_and(T(3)); });
    EXPECT_EQ(touched(value), updates);
    run([&] { seen = value.fetch_xor(T(6)); });
    EXPECT_EQ(touched(value), updates);
    EXPECT_EQ(seen, T(3));
    EXPECT_EQ(value.load(), T(5));
  }

  ModelMemory::Handle memory_;
  AccessLog log_;
};

__extension__ using Int128 = unsigned __int128;

TEST_F(InstrumentationTest, ThisProgramIsInstrumented) {
  EXPECT_TRUE(AccessLog::instrumented());
}

TEST_F(InstrumentationTest, PlainAccessesOfAllSizes) {
  check_plain<std::uint8_t>(1);
  check_plain<std::uint16_t>(2);
  check_plain<std::uint32_t>(4);
  check_plain<std::uint64_t>(8);
  check_plain<Int128>(16);
  check_plain<float>(4);
  check_plain<double>(8);
}

TEST_F(InstrumentationTest, UnalignedAccesses) {
  check_unaligned<std::uint16_t>(2);
  check_unaligned<std::uint32_t>(4);
  check_unaligned<std::uint64_t>(8);
  check_unaligned<Int128>(16);
}

TEST_F(InstrumentationTest, VolatileAccesses) {
  auto& value = make<volatile std::uint32_t>(1u);
  run([&] { value = value + 1; });
  EXPECT_EQ(touched(const_cast<const std::uint32_t*>(&value), 4),
            (Touched{bytes(0, 4), bytes(0, 4)}));
}

TEST_F(InstrumentationTest, MembersAreToldApart) {
  struct Record {
    std::uint8_t first = 0;
    std::uint16_t second = 0;
    std::uint32_t third = 0;
    bool fourth = false;
  };
  auto& record = make<Record>();
  run([&] {
    record.second = 1;
    const bool fourth = record.fourth;
    use(fourth);
  });
  EXPECT_EQ(touched(record),
            (Touched{bytes(offsetof(Record, fourth), 1), bytes(offsetof(Record, second), 2)}));
}

TEST_F(InstrumentationTest, ObjectsAreCopied) {
  struct Large {
    std::array<std::uint64_t, 20> values{};
  };
  auto& from = make<Large>();
  auto& to = make<Large>();
  run([&] { to = from; });
  EXPECT_EQ(touched(from), (Touched{bytes(0, sizeof from), {}, true}));
  EXPECT_EQ(touched(to), (Touched{{}, bytes(0, sizeof to), true}));
}

// Ranges.

class RangeTest : public InstrumentationTest {
 protected:
  using Buffer = std::array<char, 64>;

  /// The compiler does not know how long it is.
  static std::size_t opaque(std::size_t size) {
    __asm__ volatile("" : "+r"(size));
    return size;
  }

  Buffer& one_ = make<Buffer>();
  Buffer& other_ = make<Buffer>();
};

TEST_F(RangeTest, Memcpy) {
  run([&one = one_, &other = other_] {
    std::memcpy(other.data() + 20, one.data() + 3, opaque(30));
  });
  EXPECT_EQ(touched(one_), (Touched{bytes(3, 30), {}, true}));
  EXPECT_EQ(touched(other_), (Touched{{}, bytes(20, 30), true}));
  run([&one = one_, &other = other_] { std::memcpy(other.data(), one.data() + 3, 12); });
  EXPECT_EQ(touched(one_), (Touched{bytes(3, 12), {}, true})) << "a call or not";
  EXPECT_EQ(touched(other_), (Touched{{}, bytes(0, 12), true}));
  run([&one = one_, &other = other_] { std::memcpy(other.data(), one.data(), opaque(0)); });
  EXPECT_TRUE(nothing_touched());
}

TEST_F(RangeTest, MemmoveReadsBeforeItWrites) {
  one_[30] = 'x';
  run([&one = one_] { std::memmove(one.data() + 10, one.data() + 5, opaque(30)); });
  EXPECT_EQ(touched(one_), (Touched{bytes(5, 30), bytes(10, 30)}));
  EXPECT_EQ(one_[35], 'x');
}

TEST_F(RangeTest, Memset) {
  run([&one = one_] { std::memset(one.data() + 1, 'x', opaque(40)); });
  EXPECT_EQ(touched(one_), (Touched{{}, bytes(1, 40)}));
}

TEST_F(RangeTest, WhatIsOnlyLookedAt) {
  std::memcpy(one_.data(), "abcdef", 7);
  std::memcpy(other_.data(), "abcdxf", 7);
  int result = 0;
  run([&, &one = one_, &other = other_] {
    result = std::memcmp(one.data(), other.data(), opaque(6));
  });
  EXPECT_LT(result, 0);
  EXPECT_EQ(touched(one_), (Touched{bytes(0, 6), {}, true}));
  EXPECT_EQ(touched(other_), (Touched{bytes(0, 6), {}, true}));
  std::size_t length = 0;
  run([&, &one = one_] { length = std::strlen(one.data()); });
  EXPECT_EQ(length, 6u);
  EXPECT_EQ(touched(one_), (Touched{bytes(0, 7), {}}));
  run([&, &one = one_, &other = other_] { result = std::strcmp(one.data(), other.data()); });
  EXPECT_LT(result, 0);
  EXPECT_EQ(touched(one_), (Touched{bytes(0, 7), {}, true}));
  const void* found = nullptr;
  run([&, &one = one_] { found = std::memchr(one.data() + 1, 'd', opaque(5)); });
  EXPECT_EQ(found, one_.data() + 3);
  EXPECT_EQ(touched(one_), (Touched{bytes(1, 5), {}}));
}

TEST_F(RangeTest, TextsThatAreOnlyLookedAt) {
  std::memcpy(one_.data(), "abcdbf", 7);
  std::memcpy(other_.data(), "abx", 4);
  const auto expect_read = [&](std::size_t of_one, std::size_t of_other) {
    EXPECT_EQ(touched(one_), (Touched{bytes(0, of_one), {}, of_other > 0}));
    EXPECT_EQ(touched(other_), (Touched{bytes(0, of_other), {}, of_one > 0}));
  };
  int result = 0;
  run([&, &one = one_, &other = other_] {
    result = std::strncmp(one.data(), other.data(), opaque(2));
  });
  EXPECT_EQ(result, 0);
  expect_read(2, 2);
  run([&, &one = one_, &other = other_] {
    result = std::strncmp(one.data(), other.data(), opaque(9));
  });
  EXPECT_LT(result, 0);
  expect_read(7, 4);
  const char* found = nullptr;
  run([&, &one = one_] { found = std::strchr(one.data(), 'b'); });
  EXPECT_EQ(found, one_.data() + 1);
  expect_read(7, 0);
  run([&, &one = one_] { found = std::strrchr(one.data(), 'b'); });
  EXPECT_EQ(found, one_.data() + 4);
  expect_read(7, 0);
  run([&, &one = one_, &other = other_] { found = std::strstr(one.data(), other.data()); });
  EXPECT_EQ(found, nullptr);
  expect_read(7, 4);
}

TEST_F(RangeTest, TextsThatAreCopied) {
  std::memcpy(one_.data(), "abc", 4);
  run([&one = one_, &other = other_] { std::strcpy(other.data() + 1, one.data()); });
  EXPECT_EQ(touched(one_), (Touched{bytes(0, 4), {}, true}));
  EXPECT_EQ(touched(other_), (Touched{{}, bytes(1, 4), true}));
  other_[0] = 'x';
  run([&one = one_, &other = other_] { std::strcat(other.data(), one.data()); });
  EXPECT_EQ(touched(one_), (Touched{bytes(0, 4), {}, true}));
  EXPECT_EQ(touched(other_), (Touched{bytes(0, 5), bytes(4, 4), true}));
  EXPECT_STREQ(other_.data(), "xabcabc");
  run([&one = one_, &other = other_] { std::strncpy(other.data(), one.data(), opaque(6)); });
  EXPECT_EQ(touched(one_), (Touched{bytes(0, 4), {}, true}));
  EXPECT_EQ(touched(other_), (Touched{{}, bytes(0, 6), true}));
  run([&one = one_, &other = other_] { std::strncpy(other.data(), one.data(), opaque(2)); });
  EXPECT_EQ(touched(one_), (Touched{bytes(0, 2), {}, true}));
  EXPECT_EQ(touched(other_), (Touched{{}, bytes(0, 2), true}));
}

TEST_F(RangeTest, TextsThatAreNumbers) {
  std::memcpy(one_.data(), " -12 3", 7);
  int number = 0;
  const auto expect_number = [&](std::size_t read, int value) {
    EXPECT_EQ(number, value);
    EXPECT_EQ(touched(one_), (Touched{bytes(0, read), {}}));
    number = 0;
  };
  run([&, &one = one_] { number = std::atoi(one.data()); });
  expect_number(7, -12);
  run([&, &one = one_] { number = static_cast<int>(std::strtol(one.data(), nullptr, 10)); });
  expect_number(7, -12);
  run([&, &one = one_] { number = static_cast<int>(std::strtoull(one.data(), nullptr, 10)); });
  expect_number(7, -12);
  run([&, &one = one_] { number = static_cast<int>(std::strtod(one.data(), nullptr)); });
  expect_number(7, -12);
  std::memcpy(one_.data(), " -x", 4);
  run([&, &one = one_] { number = static_cast<int>(std::strtol(one.data(), nullptr, 10)); });
  expect_number(4, 0);
}

// The standard library.

TEST_F(InstrumentationTest, StringsThatAreNumbersOrHashed) {
  auto& text = make<std::string>("17");
  const auto at = static_cast<std::size_t>(text.data() - reinterpret_cast<const char*>(&text));
  int number = 0;
  run([&] { number = std::stoi(text); });
  EXPECT_EQ(number, 17);
  for (const std::size_t byte : bytes(at, 3)) EXPECT_TRUE(touched(text).reads.contains(byte));
  EXPECT_TRUE(touched(text).writes.empty());
  std::size_t hash = 0;
  run([&] { hash = std::hash<std::string>()(text); });
  EXPECT_NE(hash, 0u);
  for (const std::size_t byte : bytes(at, 2)) EXPECT_TRUE(touched(text).reads.contains(byte));
}

TEST_F(InstrumentationTest, StringsWithinThemselves) {
  auto& text = make<std::string>("abc");
  run([&] { text += "de"; });
  const Touched appended = touched(text);
  const auto at = static_cast<std::size_t>(text.data() - reinterpret_cast<const char*>(&text));
  EXPECT_FALSE(appended.anything_else);
  for (const std::size_t byte : bytes(at + 3, 3)) EXPECT_TRUE(appended.writes.contains(byte));
  for (const std::size_t byte : bytes(at, 3)) EXPECT_FALSE(appended.writes.contains(byte));
  EXPECT_FALSE(appended.reads.empty()) << "its length";
  bool equal = false;
  run([&] { equal = text == "abcde"; });
  EXPECT_TRUE(equal);
  EXPECT_TRUE(touched(text).writes.empty());
  for (const std::size_t byte : bytes(at, 5)) EXPECT_TRUE(touched(text).reads.contains(byte));
}

TEST_F(InstrumentationTest, StringsInBlocksOfTheirOwn) {
  auto& text = make<std::string>(std::size_t{100}, 'x');
  const char* before = text.data();
  run([&] { text.assign(50, 'y'); });
  ASSERT_EQ(text.data(), before);
  EXPECT_EQ(touched(before, 101).writes, bytes(0, 51));
  EXPECT_TRUE(touched(before, 101).reads.empty());
  run([&] { text.append(200, 'z'); });
  ASSERT_NE(text.data(), before);
  const Touched grown = touched(before, 101);
  for (const std::size_t byte : bytes(0, 50)) EXPECT_TRUE(grown.reads.contains(byte));
  ASSERT_EQ(log_.released().size(), 1u);
  EXPECT_EQ(log_.released()[0].begin, reinterpret_cast<std::uintptr_t>(before) / 8);
  EXPECT_TRUE(touched(text.data(), text.size()).writes.empty()) << "the new block is fresh";
}

TEST_F(InstrumentationTest, VectorsThatAreMoved) {
  auto& from = make<std::vector<int>>(std::size_t{100}, 7);
  auto& to = make<std::vector<int>>();
  const int* elements = from.data();
  run([&] { to = std::move(from); });
  EXPECT_EQ(to.data(), elements);
  EXPECT_EQ(touched(from), (Touched{bytes(0, sizeof from), bytes(0, sizeof from), true}));
  EXPECT_EQ(touched(to).writes, bytes(0, sizeof to));
  EXPECT_EQ(touched(elements, 400), (Touched{{}, {}, true})) << "the elements stay as they are";
}

TEST_F(InstrumentationTest, ElementsOfVectors) {
  auto& vector = make<std::vector<int>>();
  {
    const ModelMemory::Scope inside(memory_.get());
    vector.reserve(10);
    vector.assign(3, 1);
  }
  run([&] { vector.push_back(2); });
  EXPECT_EQ(touched(vector.data(), 40), (Touched{{}, bytes(12, 4), true}));
  run([&] { ++vector[1]; });
  EXPECT_EQ(touched(vector.data(), 40), (Touched{bytes(4, 4), bytes(4, 4), true}));
  run([&] { vector.erase(vector.begin()); });
  EXPECT_EQ(touched(vector.data(), 40), (Touched{bytes(4, 12), bytes(0, 12), true}));
}

TEST_F(InstrumentationTest, TreesWriteTheirHeadsWhenTheyChange) {
  auto& map = make<std::map<int, int>>();
  {
    const ModelMemory::Scope inside(memory_.get());
    for (int key = 0; key < 7; ++key) map[2 * key] = key;
  }
  run([&] { map.emplace(5, 1); });
  EXPECT_FALSE(touched(map).writes.empty());
  EXPECT_TRUE(log_.unlogged_expected()) << "the rest is seen by comparing";
  int sum = 0;
  run([&] {
    for (const auto& [key, value] : map) sum += value;
  });
  EXPECT_EQ(sum, 22);
  for (const auto& [key, value] : map) {
    EXPECT_EQ(touched(value).reads, bytes(0, 4)) << key;
    EXPECT_TRUE(touched(value).writes.empty());
  }
  run([&] { ++map.find(6)->second; });
  EXPECT_EQ(touched(map.at(6)), (Touched{bytes(0, 4), bytes(0, 4), true}));
  EXPECT_TRUE(touched(map.at(5)).writes.empty());
  run([&] { map.erase(6); });
  EXPECT_FALSE(touched(map).writes.empty());
  EXPECT_EQ(log_.released().size(), 1u);
}

TEST_F(InstrumentationTest, ListsWriteWhereTheyChange) {
  auto& list = make<std::list<int>>(std::size_t{3}, 1);
  run([&] { list.push_back(2); });
  EXPECT_FALSE(touched(list).writes.empty());
  run([&] { list.pop_front(); });
  EXPECT_TRUE(touched(list).anything_else);
  EXPECT_EQ(log_.released().size(), 1u);
}

TEST_F(InstrumentationTest, UnorderedContainersThatGrow) {
  auto& map = make<std::unordered_map<int, int>>();
  run([&] {
    for (int key = 0; key < 100; ++key) map[key] = key;
  });
  EXPECT_FALSE(touched(map).writes.empty());
  run([&] { use(map.find(50)->second); });
  EXPECT_TRUE(touched(map).writes.empty());
  EXPECT_FALSE(touched(map).reads.empty());
}

// Atomic operations.

TEST_F(InstrumentationTest, AtomicOperations) {
  check_atomic<std::uint8_t>();
  check_atomic<std::uint16_t>();
  check_atomic<std::uint32_t>();
  check_atomic<std::uint64_t>();
}

TEST_F(InstrumentationTest, TheExpectedValueIsAccessedToo) {
  auto& value = make<std::atomic<int>>(1);
  auto& expected = make<int>(2);
  run([&] { (void)value.compare_exchange_weak(expected, 3); });
  EXPECT_EQ(touched(expected), (Touched{bytes(0, 4), bytes(0, 4), true}));
  EXPECT_EQ(expected, 1);
}

TEST_F(InstrumentationTest, CountsOfSharedPointers) {
  auto& pointer = make<std::shared_ptr<int>>();
  {
    const ModelMemory::Scope inside(memory_.get());
    pointer = std::make_shared<int>(3);
  }
  run([&] {
    const std::shared_ptr<int> copy = pointer;
    use(copy);
  });
  EXPECT_EQ(touched(pointer), (Touched{bytes(0, sizeof pointer), {}, true}));
}

// Virtual functions.

struct Shape {
  virtual ~Shape() = default;
  [[nodiscard]] virtual int sides() const = 0;
};
struct Square final : Shape {
  [[nodiscard]] __attribute__((noinline)) int sides() const override { return 4; }
};
struct Polygon : Shape {
  explicit Polygon(int sides) : sides_(sides) {}
  [[nodiscard]] __attribute__((noinline)) int sides() const override { return sides_; }
  int sides_;
};

TEST_F(InstrumentationTest, AVirtualCallReadsWhereTheObjectSaysWhatItIs) {
  const Shape* square = &make<Square>();
  const Shape* polygon = &make<Polygon>(5);
  use(square);
  use(polygon);
  int sides = 0;
  run([&] { sides = square->sides(); });
  EXPECT_EQ(sides, 4);
  EXPECT_EQ(touched(square, sizeof(Square)), (Touched{bytes(0, 8), {}}));
  run([&] { sides = polygon->sides(); });
  EXPECT_EQ(sides, 5);
  EXPECT_EQ(touched(polygon, sizeof(Polygon)), (Touched{bytes(0, 8 + sizeof(int)), {}}));
}

TEST_F(InstrumentationTest, WhatDiesIsReleased) {
  const Shape* polygon = &make<Polygon>(5);
  use(polygon);
  run([&] { delete polygon; });
  ASSERT_EQ(log_.released().size(), 1u);
  EXPECT_EQ(log_.released()[0].begin, reinterpret_cast<std::uintptr_t>(polygon) / 8);
}

// What is the step's own.

TEST_F(InstrumentationTest, FreshMemoryLeavesNothing) {
  run([] {
    std::vector<std::string> texts;
    std::map<int, std::string> map;
    std::list<int> list;
    for (int i = 0; i < 50; ++i) {
      texts.push_back(std::string(static_cast<std::size_t>(i), 'x'));
      map[i] = texts.back();
      list.push_back(i);
    }
    auto number = std::make_unique<std::atomic<int>>(1);
    number->fetch_add(1);
    const std::unique_ptr<Shape> shape = std::make_unique<Polygon>(3);
    use(shape->sides());
  });
  EXPECT_TRUE(nothing_touched());
  EXPECT_FALSE(log_.outside());
}

TEST_F(InstrumentationTest, TheStackLeavesNothing) {
  run([] {
    std::array<int, 100> numbers{};
    use(numbers);
    for (int& number : numbers) ++number;
    std::string small = "abc";
    use(small);
    small += "d";
    std::array<char, 100> copy{};
    use(copy);
    std::memcpy(copy.data(), numbers.data(), copy.size());
  });
  EXPECT_TRUE(nothing_touched());
  EXPECT_FALSE(log_.outside());
}

TEST_F(InstrumentationTest, ExceptionsLeaveNothing) {
  run([] {
    try {
      throw std::runtime_error("lost");
    } catch (const std::exception& error) {
      use(error);
    }
  });
  EXPECT_TRUE(nothing_touched());
}

TEST_F(InstrumentationTest, NothingIsLoggedOutsideOfASearch) {
  auto& value = make<int>(1);
  run([] {});
  ++value;
  use(value);
  EXPECT_TRUE(nothing_touched());
  EXPECT_EQ(AccessLog::active(), nullptr);
}

}  // namespace
}  // namespace cocheck::detail
