#pragma once

#include <utility>

namespace cocheck::detail {

/// Makes the compiler write what a dying object was set to: the frame in which it lived stays, and
/// two states should not differ by what is left there of its past.
template <class T>
inline void forget(T& object) noexcept {
  __asm__ volatile("" : : "r"(&object) : "memory");
}

/// A counted reference to an object that has retain() and release().
template <class T>
class Reference {
 public:
  Reference() = default;
  explicit Reference(T* object) noexcept : object_(object) {
    if (object_ != nullptr) object_->retain();
  }
  Reference(const Reference& other) noexcept : Reference(other.object_) {}
  Reference(Reference&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  Reference(const Reference<U>& other) noexcept : Reference(other.get()) {}
  Reference& operator=(Reference other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Reference() {
    if (object_ == nullptr) return;
    object_->release();
    object_ = nullptr;
    forget(*this);
  }

  /// Gives the reference up without releasing it.
  [[nodiscard]] T* detach() noexcept { return std::exchange(object_, nullptr); }

  [[nodiscard]] T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const Reference&, const Reference&) = default;

 private:
  T* object_ = nullptr;
};

}  // namespace cocheck::detail
