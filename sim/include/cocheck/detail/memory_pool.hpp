#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace cocheck::detail {

/// Memory for the frames of many short executions: freed blocks are kept by size and given out
/// again.
///
/// Under AddressSanitizer every block comes from the heap, so that a use after free is seen.
class MemoryPool {
 public:
  MemoryPool() = default;
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  [[nodiscard]] void* allocate(std::size_t bytes) {
    ++outstanding_;
    const std::size_t index = (bytes + kGrain - 1) / kGrain;
    if (!kPooled || index >= kClasses) return ::operator new(bytes);
    if (Free* block = free_[index]) {
      free_[index] = block->next;
      return block;
    }
    return carve(index * kGrain);
  }

  void deallocate(void* memory, std::size_t bytes) noexcept {
    --outstanding_;
    const std::size_t index = (bytes + kGrain - 1) / kGrain;
    if (!kPooled || index >= kClasses) {
      ::operator delete(memory);
      return;
    }
    free_[index] = ::new (memory) Free{free_[index]};
  }

  /// Blocks given out and not returned.
  [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_; }

 private:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool kPooled = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  static constexpr bool kPooled = false;
#else
  static constexpr bool kPooled = true;
#endif
#else
  static constexpr bool kPooled = true;
#endif
  static constexpr std::size_t kGrain = 32;
  static constexpr std::size_t kClasses = 65;  // blocks of up to 2 KiB
  static constexpr std::size_t kChunk = 64 * 1024;

  struct Free {
    Free* next;
  };

  void* carve(std::size_t bytes) {
    if (left_ < bytes) {
      chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(kChunk));
      cursor_ = chunks_.back().get();
      left_ = kChunk;
    }
    void* block = cursor_;
    cursor_ += bytes;
    left_ -= bytes;
    return block;
  }

  std::array<Free*, kClasses> free_{};
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::byte* cursor_ = nullptr;
  std::size_t left_ = 0;
  std::size_t outstanding_ = 0;
};

}  // namespace cocheck::detail
