#include "observations.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "register.hpp"

namespace random_models {

namespace {

constexpr std::size_t kMost = 4'096;

struct Board {
  bool collects = false;
  bool overflows = false;
  std::size_t count = 0;
  std::array<std::uint64_t, kMost> values{};
};

Board& board() {
  static Board* const instance = [] {
    void* const memory =
        ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return ::new (memory) Board();
  }();
  return *instance;
}

std::vector<GeneratedModel>& registered_models() {
  static std::vector<GeneratedModel> models;
  return models;
}

}  // namespace

Registered::Registered(const GeneratedModel& model) {
  registered_models().push_back(model);
}

std::span<const GeneratedModel> generated_models() {
  return registered_models();
}

bool accepts(std::uint64_t observation) {
  Board& seen = board();
  const auto end = seen.values.begin() + static_cast<std::ptrdiff_t>(seen.count);
  const bool known = std::find(seen.values.begin(), end, observation) != end;
  if (!seen.collects) return known;
  if (known) return true;
  if (seen.count == kMost) {
    seen.overflows = true;
  } else {
    seen.values[seen.count++] = observation;
  }
  return true;
}

void collect_observations() {
  board() = Board();
  board().collects = true;
}

std::set<std::uint64_t> collected_observations() {
  const Board& seen = board();
  if (seen.overflows) throw std::length_error("too many observations");
  return {seen.values.begin(), seen.values.begin() + static_cast<std::ptrdiff_t>(seen.count)};
}

void allow_observations(const std::set<std::uint64_t>& allowed) {
  board() = Board();
  std::copy(allowed.begin(), allowed.end(), board().values.begin());
  board().count = allowed.size();
}

}  // namespace random_models
