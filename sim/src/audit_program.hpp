#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cocheck::detail {

/// What the code of the running program is made of, by its table of symbols.
///
/// A function is instrumented if it calls __tsan_...(); what else is in the namespace of cocheck,
/// or stands in the place of a function of the system, is cocheck's own runtime.
class ProgramCode {
 public:
  enum class Kind : std::uint8_t { other, instrumented, runtime };

  struct Function {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    Kind kind = Kind::other;
    bool prepared = false;  // for whoever looks at its code
    std::string_view name;

    [[nodiscard]] bool holds(std::uintptr_t at) const noexcept { return at >= begin && at < end; }
  };

  /// Reads the file of the program. Empty where that has no table of symbols.
  ProgramCode();
  ProgramCode(const ProgramCode&) = delete;
  ProgramCode& operator=(const ProgramCode&) = delete;

  [[nodiscard]] std::span<Function> functions() noexcept { return functions_; }
  /// The one that an address lies in; null if none is known.
  [[nodiscard]] Function* function_at(std::uintptr_t at) noexcept;
  [[nodiscard]] bool holds(std::uintptr_t at) const noexcept { return at - text_ < bytes_.size(); }
  /// The code as it is in the file, from an address of holds() on.
  [[nodiscard]] std::span<const std::uint8_t> code_at(std::uintptr_t at) const noexcept {
    return bytes_.subspan(at - text_);
  }
  [[nodiscard]] std::span<const std::uint8_t> code() const noexcept { return bytes_; }
  [[nodiscard]] std::uintptr_t begin() const noexcept { return text_; }

  /// A function of a library, as the program calls it.
  struct Import {
    std::uintptr_t slot = 0;  // that says where it is; 0: not known
    std::string_view name;
  };
  /// What a stub of the linker jumps to, or what is called by a slot.
  [[nodiscard]] Import import_of_stub(std::uintptr_t stub) const noexcept;
  [[nodiscard]] Import import_of_slot(std::uintptr_t slot) const noexcept;

 private:
  void read_symbols();
  void read_imports();
  void find_instrumented();
  [[nodiscard]] bool is_callback(std::uintptr_t target) const noexcept;

  std::span<const std::uint8_t> file_;
  std::uintptr_t load_ = 0;
  std::uintptr_t text_ = 0;
  std::span<const std::uint8_t> bytes_;
  std::vector<Function> functions_;        // by address
  std::vector<std::uintptr_t> callbacks_;  // sorted
  std::map<std::uintptr_t, std::string_view> slots_;
};

}  // namespace cocheck::detail
