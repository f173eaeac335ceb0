#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "cocheck/detail/harness_allocator.hpp"

namespace cocheck::detail {

/// A value for each word of memory, T{} at first. Quick for the words of one range; pages of
/// values come to be when they are asked for, and stay.
template <class T>
class WordMap {
 public:
  static_assert(std::is_trivially_copyable_v<T>);

  WordMap() = default;
  WordMap(WordMap&& other) noexcept { swap(other); }
  WordMap& operator=(WordMap&& other) noexcept {
    swap(other);
    return *this;
  }
  ~WordMap() { clear(); }

  /// Which words are looked up quickly; if they were not already, all values are forgotten.
  void set_range(std::uint64_t first, std::uint64_t words) {
    const std::uint64_t first_page = first / kWords;
    const std::uint64_t pages = (first % kWords + words) / kWords + 1;
    if (first_page - first_page_ < pages_ && pages <= pages_ - (first_page - first_page_)) return;
    if (pages > kMaxPages) return;
    clear();
    first_page_ = first_page;
    pages_ = pages;
  }
  void clear() noexcept {
    for (Page* page : range_) delete_page(page);
    for (const auto& [number, page] : others_) delete_page(page);
    range_.clear();
    others_.clear();
    recent_.fill({});
  }

  [[nodiscard]] T& operator[](std::uint64_t word) {
    T* found = find(word);
    return found != nullptr ? *found : (*make_page(word / kWords))[word % kWords];
  }
  /// Null: nobody has asked for one near it.
  [[nodiscard]] T* find(std::uint64_t word) const noexcept {
    const std::uint64_t index = word / kWords - first_page_;
    Page* page = index < range_.size() ? range_[index] : find_other(word / kWords);
    return page != nullptr ? &(*page)[word % kWords] : nullptr;
  }
  /// The same, but null for all words that are not of the range.
  [[nodiscard]] T* find_in_range(std::uint64_t word) const noexcept {
    const std::uint64_t index = word / kWords - first_page_;
    Page* page = index < range_.size() ? range_[index] : nullptr;
    return page != nullptr ? &(*page)[word % kWords] : nullptr;
  }

 private:
  static constexpr std::uint64_t kWords = 512;
  static constexpr std::uint64_t kMaxPages = std::uint64_t{1} << 20;  // longer ranges are not quick
  using Page = std::array<T, kWords>;

  void swap(WordMap& other) noexcept {
    std::swap(first_page_, other.first_page_);
    std::swap(pages_, other.pages_);
    range_.swap(other.range_);
    others_.swap(other.others_);
    recent_.swap(other.recent_);
  }
  [[nodiscard]] static Page* new_page() {
    Page* page = HarnessAllocator<Page>().allocate(1);
    return ::new (static_cast<void*>(page)) Page{};
  }
  static void delete_page(Page* page) noexcept {
    if (page != nullptr) HarnessAllocator<Page>().deallocate(page, 1);
  }

  [[nodiscard]] Page* find_other(std::uint64_t number) const noexcept {
    const Recent& recent = recent_[number % recent_.size()];
    return recent.number == number ? recent.page : find_page(number);
  }
  [[nodiscard]] Page* find_page(std::uint64_t number) const noexcept {
    const auto found = others_.find(number);
    if (found == others_.end()) return nullptr;
    recent_[number % recent_.size()] = {number, found->second};
    return found->second;
  }
  [[nodiscard]] Page* make_page(std::uint64_t number) {
    Page* page = new_page();
    if (number - first_page_ < pages_) {
      const auto index = static_cast<std::size_t>(number - first_page_);
      if (index >= range_.size()) range_.resize(index + 1, nullptr);
      range_[index] = page;
    } else {
      others_.emplace(number, page);
    }
    return page;
  }

  struct Recent {
    std::uint64_t number = ~std::uint64_t{0};  // no word has that page
    Page* page = nullptr;
  };

  std::uint64_t first_page_ = 0;
  std::uint64_t pages_ = 0;
  HarnessVector<Page*> range_;  // null: not asked for yet
  HarnessMap<std::uint64_t, Page*> others_;
  mutable std::array<Recent, 64> recent_{};  // of the others
};

}  // namespace cocheck::detail
