#pragma once

#include <string>
#include <string_view>

namespace cocheck {

/// `text` fit to be shown in one line of a terminal, wherever it comes from: valid UTF-8 without
/// control characters, which become blanks.
[[nodiscard]] std::string printable(std::string_view text);

/// `text` as one word of a shell, quoted only where that is needed. Text with control characters or
/// bytes that are not UTF-8 becomes `$'...'` with octal escapes, which bash, zsh and ksh read.
///
///     std::cout << "cocheck show " << shell_word("a b.json");  // cocheck show 'a b.json'
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace cocheck
