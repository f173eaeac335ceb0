#include "formats.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "accesses.hpp"

namespace cocheck::detail {

namespace {

/// What stands behind a '%'.
struct Conversion {
  enum class Length : std::uint8_t { none, one_byte, two_bytes, eight_bytes, long_double };
  static constexpr int kNone = -1;
  static constexpr int kArgument = -2;  // '*': an argument says it

  bool suppressed = false;  // '*' of scanf
  bool allocated = false;   // 'm' of scanf
  int width = kNone;
  int precision = kNone;
  Length length = Length::none;
  char letter = 0;

  [[nodiscard]] bool is_one_of(const char* letters) const noexcept {
    return std::strchr(letters, letter) != nullptr;
  }
  [[nodiscard]] bool is_wide() const noexcept {
    return is_one_of("CS") || (is_one_of("cs[") && length == Length::eight_bytes);
  }
  [[nodiscard]] std::size_t integer_bytes() const noexcept {
    switch (length) {
      case Length::one_byte:
        return 1;
      case Length::two_bytes:
        return 2;
      case Length::none:
        return sizeof(int);
      default:
        return 8;
    }
  }
  [[nodiscard]] std::size_t real_bytes() const noexcept {
    if (length == Length::long_double) return sizeof(long double);
    return length == Length::eight_bytes ? sizeof(double) : sizeof(float);
  }
};

/// Reads a format from left to right.
class Format {
 public:
  explicit Format(const char* format) noexcept : at_(format) {}

  /// The next conversion; letter 0 at the end. None where it is not understood.
  [[nodiscard]] std::optional<Conversion> next(const char* flags) noexcept {
    Conversion conversion;
    while (*at_ != '\0') {
      if (*at_++ != '%') continue;
      if (*at_ == '%') {
        ++at_;
        continue;
      }
      return read(flags);
    }
    return conversion;
  }

 private:
  [[nodiscard]] std::optional<Conversion> read(const char* flags) noexcept {
    Conversion conversion;
    while (*at_ != '\0' && std::strchr(flags, *at_) != nullptr) {
      conversion.suppressed = conversion.suppressed || *at_ == '*';
      conversion.allocated = conversion.allocated || *at_ == 'm';
      ++at_;
    }
    conversion.width = number();
    if (*at_ == '$') return std::nullopt;  // arguments in an order of their own
    if (*at_ == '.') {
      ++at_;
      conversion.precision = number();
      if (conversion.precision == Conversion::kNone) conversion.precision = 0;
    }
    if (*at_ == 'm' && conversion.width != Conversion::kArgument) return std::nullopt;
    conversion.length = length();
    conversion.letter = *at_;
    if (conversion.letter == '\0') return std::nullopt;
    ++at_;
    if (conversion.letter == '[') skip_set();
    return conversion;
  }

  [[nodiscard]] int number() noexcept {
    if (*at_ == '*') {
      ++at_;
      return Conversion::kArgument;
    }
    if (*at_ < '0' || *at_ > '9') return Conversion::kNone;
    int value = 0;
    for (; *at_ >= '0' && *at_ <= '9'; ++at_) {
      if (value < 100'000'000) value = value * 10 + (*at_ - '0');
    }
    return value;
  }

  [[nodiscard]] Conversion::Length length() noexcept {
    using Length = Conversion::Length;
    switch (*at_) {
      case 'h':
        if (*++at_ != 'h') return Length::two_bytes;
        ++at_;
        return Length::one_byte;
      case 'l':
        if (*++at_ == 'l') ++at_;
        return Length::eight_bytes;
      case 'q':
      case 'j':
      case 'z':
      case 't':
        ++at_;
        return Length::eight_bytes;
      case 'L':
        ++at_;
        return Length::long_double;
      default:
        return Length::none;
    }
  }

  void skip_set() noexcept {
    if (*at_ == '^') ++at_;
    if (*at_ == ']') ++at_;
    while (*at_ != '\0' && *at_ != ']') ++at_;
    if (*at_ == ']') ++at_;
  }

  const char* at_;
};

/// A text that is printed, up to its end or as much as the precision says.
template <class Char>
void log_printed_text(const Char* text, int precision, const void* instruction) {
  if (text == nullptr) return;
  if (precision < 0) {
    log_text(text, instruction);
  } else {
    log_text(text, static_cast<std::size_t>(precision), instruction);
  }
}

/// A text that was scanned: `%c` has a length and no end, the others have an end.
template <class Char>
void log_scanned_text(const Conversion& conversion, const Char* text, const void* instruction) {
  if (!conversion.is_one_of("cC")) return log_written_text(text, instruction);
  const std::size_t count = conversion.width > 0 ? static_cast<std::size_t>(conversion.width) : 1;
  log_write(text, count * sizeof(Char), instruction);
}

}  // namespace

bool log_printed(const char* format, Arguments& arguments, const void* instruction) {
  Format rest(format);
  while (true) {
    std::optional<Conversion> found = rest.next("-+ #0'I");
    if (!found) return false;
    Conversion& conversion = *found;
    if (conversion.letter == '\0') return true;
    if (conversion.width == Conversion::kArgument) (void)va_arg(arguments.list, int);
    if (conversion.precision == Conversion::kArgument) {
      conversion.precision = va_arg(arguments.list, int);
    }
    if (conversion.is_one_of("diouxXc") && !conversion.is_wide()) {
      if (conversion.integer_bytes() == 8) {
        (void)va_arg(arguments.list, long long);
      } else {
        (void)va_arg(arguments.list, int);
      }
    } else if (conversion.is_one_of("cC")) {
      (void)va_arg(arguments.list, wint_t);
    } else if (conversion.is_one_of("eEfFgGaA")) {
      if (conversion.length == Conversion::Length::long_double) {
        (void)va_arg(arguments.list, long double);
      } else {
        (void)va_arg(arguments.list, double);
      }
    } else if (conversion.is_one_of("sS")) {
      if (conversion.is_wide()) {
        log_printed_text(va_arg(arguments.list, const wchar_t*), conversion.precision, instruction);
      } else {
        log_printed_text(va_arg(arguments.list, const char*), conversion.precision, instruction);
      }
    } else if (conversion.letter == 'n') {
      log_write(va_arg(arguments.list, void*), conversion.integer_bytes(), instruction);
    } else if (conversion.letter == 'p') {
      (void)va_arg(arguments.list, void*);
    } else if (conversion.letter != 'm') {
      return false;
    }
  }
}

bool log_scanned(const char* format, int assigned, Arguments& arguments, const void* instruction) {
  Format rest(format);
  for (int done = 0;;) {
    const std::optional<Conversion> found = rest.next("*m'I");
    if (!found) return false;
    const Conversion& conversion = *found;
    if (conversion.letter == '\0') return true;
    if (conversion.suppressed) continue;
    void* to = va_arg(arguments.list, void*);
    if (conversion.letter == 'n') {
      // Whether it was come to is not known.
      log_update(to, conversion.integer_bytes(), instruction);
      continue;
    }
    if (done++ >= assigned) continue;
    if (conversion.allocated || conversion.letter == 'p') {
      log_write(to, sizeof(void*), instruction);
    } else if (conversion.is_one_of("diouxX")) {
      log_write(to, conversion.integer_bytes(), instruction);
    } else if (conversion.is_one_of("eEfFgGaA")) {
      log_write(to, conversion.real_bytes(), instruction);
    } else if (conversion.is_one_of("cCsS[")) {
      if (conversion.is_wide()) {
        log_scanned_text(conversion, static_cast<const wchar_t*>(to), instruction);
      } else {
        log_scanned_text(conversion, static_cast<const char*>(to), instruction);
      }
    } else {
      return false;
    }
  }
}

}  // namespace cocheck::detail
