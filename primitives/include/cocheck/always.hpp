#pragma once

#include <concepts>
#include <source_location>
#include <type_traits>
#include <utility>

#include "cocheck/check.hpp"
#include "cocheck/loop.hpp"

namespace cocheck {

namespace detail {

/// Something that must hold after every step, as long as it lives.
class Invariant {
 public:
  Invariant(const Invariant&) = delete;
  Invariant& operator=(const Invariant&) = delete;

  /// Fails the execution unless it holds.
  virtual void check() const = 0;

  [[nodiscard]] Invariant* next() const noexcept { return next_; }
  [[nodiscard]] std::source_location place() const noexcept { return place_; }

 protected:
  explicit Invariant(std::source_location place)
      : next_(Loop::current().first_invariant()), place_(place) {
    Loop::current().set_first_invariant(this);
  }
  ~Invariant();

 private:
  Invariant* next_;
  std::source_location place_;
};

template <class Predicate>
class Always final : public Invariant {
 public:
  Always(Predicate predicate, const char* message, std::source_location place)
      : Invariant(place), predicate_(std::move(predicate)), message_(message) {}

  void check() const override {
    if constexpr (std::is_void_v<std::invoke_result_t<const Predicate&>>) {
      predicate_();
    } else {
      cocheck::check(static_cast<bool>(predicate_()), message_, place());
    }
  }

 private:
  Predicate predicate_;
  const char* message_;
};

}  // namespace detail

/// An invariant: from now on, until the object that it gives dies, it is evaluated after every step
/// of any task, and the execution fails where it does not hold.
///
/// `predicate` gives a bool, or gives nothing and contains COCHECKs and EXPECT_*s. It must not
/// change anything nor await. What it refers to has to outlive the object, so keep that behind it.
/// Throws RuntimeError where no loop runs.
///
///     int inside = 0;
///     const auto alone = cocheck::always([&] { return inside <= 1; }, "one at a time");
template <class Predicate>
  requires std::invocable<const Predicate&>
[[nodiscard]] detail::Always<Predicate> always(
    Predicate predicate, const char* message = "an invariant",
    std::source_location place = std::source_location::current()) {
  return detail::Always<Predicate>(std::move(predicate), message, place);
}

}  // namespace cocheck
