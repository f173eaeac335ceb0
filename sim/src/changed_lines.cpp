#include "changed_lines.hpp"

#include "cocheck/detail/sanitizers.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cocheck::detail {

namespace {

using Lines = HarnessVector<std::size_t>;

#if defined(__x86_64__)

__attribute__((target("avx512f"))) COCHECK_UNCHECKED void find_with_512_bits(const std::byte* one,
                                                                             const std::byte* other,
                                                                             std::size_t lines,
                                                                             std::size_t first,
                                                                             Lines& changed) {
  for (std::size_t i = 0; i < lines; ++i) {
    const __m512i left = _mm512_loadu_si512(one + i * kLineBytes);
    const __m512i right = _mm512_loadu_si512(other + i * kLineBytes);
    if (_mm512_cmpneq_epi64_mask(left, right) != 0) [[unlikely]]
      changed.push_back(first + i);
  }
}

__attribute__((target("avx2"))) COCHECK_UNCHECKED void find_with_256_bits(const std::byte* one,
                                                                          const std::byte* other,
                                                                          std::size_t lines,
                                                                          std::size_t first,
                                                                          Lines& changed) {
  for (std::size_t i = 0; i < lines; ++i) {
    const auto* left = reinterpret_cast<const __m256i*>(one + i * kLineBytes);
    const auto* right = reinterpret_cast<const __m256i*>(other + i * kLineBytes);
    const __m256i different = _mm256_or_si256(
        _mm256_xor_si256(_mm256_loadu_si256(left), _mm256_loadu_si256(right)),
        _mm256_xor_si256(_mm256_loadu_si256(left + 1), _mm256_loadu_si256(right + 1)));
    if (_mm256_testz_si256(different, different) == 0) [[unlikely]]
      changed.push_back(first + i);
  }
}

#endif

// Word by word, and through volatile, so that no compiler makes a call of it that a sanitizer
// would look into.
COCHECK_UNCHECKED void find_with_words(const std::byte* one, const std::byte* other,
                                       std::size_t lines, std::size_t first, Lines& changed) {
  constexpr std::size_t kWords = kLineBytes / sizeof(std::uint64_t);
  const auto* left = reinterpret_cast<const volatile std::uint64_t*>(one);
  const auto* right = reinterpret_cast<const volatile std::uint64_t*>(other);
  for (std::size_t i = 0; i < lines; ++i) {
    std::uint64_t different = 0;
    for (std::size_t word = i * kWords; word < (i + 1) * kWords; ++word) {
      different |= left[word] ^ right[word];
    }
    if (different != 0) changed.push_back(first + i);
  }
}

}  // namespace

FindChangedLines find_changed_lines() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return find_with_512_bits;
  if (__builtin_cpu_supports("avx2")) return find_with_256_bits;
#endif
  return find_with_words;
}

}  // namespace cocheck::detail
