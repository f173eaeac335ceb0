#pragma once

#include <cxxabi.h>

#include <concepts>
#include <exception>
#include <functional>
#include <type_traits>
#include <utility>
#include <variant>

#include "cocheck/errors.hpp"

namespace cocheck {

namespace detail {

/// Whether T can be copied. Containers say yes even where their items cannot be.
template <class T>
inline constexpr bool kCopyable = std::copy_constructible<T>;
template <class T>
  requires requires {
    typename T::value_type;
  } &&(!std::same_as<typename T::value_type, T>)inline constexpr bool kCopyable<T> =
      std::copy_constructible<T> && kCopyable<typename T::value_type>;

}  // namespace detail

/// How a coroutine ended: with a value, or with an exception (CancelledError among them).
///
/// `gather(return_exceptions, ...)` gives one for each child. T may be move-only, a reference or
/// void.
///
///     Result<int> result = handle_of_failed.result_or_error();
///     if (!result.has_value()) std::rethrow_exception(result.error());
template <class T>
class [[nodiscard]] Result {
  using Stored =
      std::conditional_t<std::is_void_v<T>, std::monostate,
                         std::conditional_t<std::is_reference_v<T>,
                                            std::reference_wrapper<std::remove_reference_t<T>>, T>>;

 public:
  Result() = default;

  [[nodiscard]] bool has_value() const noexcept { return storage_.index() == kValue; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The exception; null when there is a value.
  [[nodiscard]] std::exception_ptr error() const noexcept {
    const auto* error = std::get_if<kError>(&storage_);
    return error != nullptr ? *error : nullptr;
  }

  /// Whether it ended by CancelledError.
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }

  /// The value, or throws what it ended with; InvalidStateError when it has not ended or the value
  /// was taken.
  [[nodiscard]] decltype(auto) value() const& {
    require_value();
    if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(std::get<kValue>(storage_).get());
    } else if constexpr (!std::is_void_v<T>) {
      return (std::get<kValue>(storage_));
    }
  }

  /// Moves the value out.
  T take() {
    require_value();
    if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(std::get<kValue>(storage_).get());
    } else if constexpr (!std::is_void_v<T>) {
      const Emptying emptying(*this);
      return std::move(std::get<kValue>(storage_));
    }
  }

  /// A copy where T can be copied; otherwise the first call takes the value.
  T copy_or_take() {
    if constexpr (std::is_void_v<T>) {
      require_value();
    } else if constexpr (std::is_reference_v<T> || detail::kCopyable<T>) {
      return value();
    } else {
      return take();
    }
  }

  /// How it ended: a copy where T can be copied; otherwise this one loses its value.
  [[nodiscard]] Result copy_or_move() {
    if constexpr (std::is_void_v<T> || std::is_reference_v<T> || detail::kCopyable<T>) {
      return *this;
    } else {
      return std::move(*this);
    }
  }

  template <class... Args>
  void set_value(Args&&... args) {
    storage_.template emplace<kValue>(std::forward<Args>(args)...);
  }

  void set_error(std::exception_ptr error, bool cancelled = false) noexcept {
    storage_.template emplace<kError>(std::move(error));
    cancelled_ = cancelled;
  }

  /// Forgets how it ended.
  void clear() noexcept { storage_.template emplace<kNothing>(); }

  /// Takes over how `other` ended, also where T cannot be assigned.
  void take_over(Result&& other) {
    cancelled_ = other.cancelled_;
    if (other.storage_.index() == kValue) {
      storage_.template emplace<kValue>(std::move(std::get<kValue>(other.storage_)));
    } else if (other.storage_.index() == kError) {
      storage_.template emplace<kError>(std::move(std::get<kError>(other.storage_)));
    }
  }

  /// Inside a catch clause: stores what was caught.
  void set_current_exception() noexcept {
    const std::type_info* type = abi::__cxa_current_exception_type();
    set_error(std::current_exception(), type != nullptr && *type == typeid(CancelledError));
  }

 private:
  enum : std::size_t { kNothing, kValue, kError };

  /// Forgets the value once it has been moved out.
  class Emptying {
   public:
    explicit Emptying(Result& result) noexcept : result_(result) {}
    Emptying(const Emptying&) = delete;
    Emptying& operator=(const Emptying&) = delete;
    ~Emptying() { result_.storage_.template emplace<kNothing>(); }

   private:
    Result& result_;
  };

  void require_value() const {
    if (storage_.index() == kValue) return;
    if (storage_.index() == kError) std::rethrow_exception(std::get<kError>(storage_));
    throw InvalidStateError("there is no result: it is not ready, or was already taken");
  }

  std::variant<std::monostate, Stored, std::exception_ptr> storage_;
  bool cancelled_ = false;
};

}  // namespace cocheck
