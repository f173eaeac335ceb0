#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "cocheck/detail/footprint.hpp"

namespace cocheck::detail {

class FootprintPool;

/// What a step touched and drew, for all who want to know: shared, and counted.
struct KeptFootprint {
  /// An access to a word that is shared: see HappensBefore.
  struct Access {
    std::uint32_t word = 0;  // its number among these
    bool reads = false;
    bool writes = false;
  };

  std::uint64_t touched = 0;  // as in a Footprint, of shared words
  std::uint64_t written = 0;
  std::uint64_t generation = 0;
  std::uint32_t references = 0;
  bool final = false;
  bool releases_shared = false;
  bool path_matters = false;  // whether what is shared must be found out again in each execution
  std::vector<AccessedWord> shared;  // those of the words, in ascending order
  std::vector<Access> accesses;
  std::vector<AccessedWord> words;
  std::vector<ReleasedWords> released;
  std::vector<std::uint32_t> values;
  FootprintPool* pool = nullptr;
};

/// Uses footprints that nobody asks for any more again, with what they have allocated.
class FootprintPool {
 public:
  FootprintPool() = default;
  FootprintPool(const FootprintPool&) = delete;
  FootprintPool& operator=(const FootprintPool&) = delete;

  /// What it holds is of no meaning.
  [[nodiscard]] KeptFootprint& take() {
    if (free_.empty()) {
      all_.emplace_back().pool = this;
      return all_.back();
    }
    KeptFootprint& footprint = *free_.back();
    free_.pop_back();
    return footprint;
  }
  void give_back(KeptFootprint& footprint) { free_.push_back(&footprint); }

 private:
  std::deque<KeptFootprint> all_;
  std::vector<KeptFootprint*> free_;
};

/// Holds a footprint.
class FootprintRef {
 public:
  FootprintRef() = default;
  explicit FootprintRef(KeptFootprint& footprint) noexcept : footprint_(&footprint) {
    ++footprint.references;
  }
  FootprintRef(const FootprintRef& other) noexcept : footprint_(other.footprint_) {
    if (footprint_ != nullptr) ++footprint_->references;
  }
  FootprintRef(FootprintRef&& other) noexcept
      : footprint_(std::exchange(other.footprint_, nullptr)) {}
  FootprintRef& operator=(FootprintRef other) noexcept {
    std::swap(footprint_, other.footprint_);
    return *this;
  }
  ~FootprintRef() {
    if (footprint_ != nullptr && --footprint_->references == 0) {
      footprint_->pool->give_back(*footprint_);
    }
  }

  explicit operator bool() const noexcept { return footprint_ != nullptr; }
  [[nodiscard]] KeptFootprint* get() const noexcept { return footprint_; }
  [[nodiscard]] KeptFootprint& operator*() const noexcept { return *footprint_; }
  [[nodiscard]] KeptFootprint* operator->() const noexcept { return footprint_; }

 private:
  KeptFootprint* footprint_ = nullptr;
};

}  // namespace cocheck::detail
