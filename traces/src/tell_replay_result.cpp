// The side of the test program; `cocheck replay` itself does not link it, and so carries no note.

#include <cstdlib>
#include <fstream>

#include "cocheck/replay_result.hpp"

// In assembly, so that no compiler leaves it out, pads it, or gives the section another type:
// linkers keep what is a note. Sizes of name and content, type, name, content: the version.
__asm__(
    ".pushsection .note.cocheck, \"a\", %note\n"
    ".balign 4\n"
    ".long 8, 4, 1\n"
    ".asciz \"cocheck\"\n"
    ".long 1\n"
    ".popsection\n");

namespace cocheck {

void tell_replay_result(ReplayResult result) {
  const char* const path = std::getenv(kReplayResultVariable);
  if (path == nullptr || *path == '\0') return;
  std::ofstream(path, std::ios::binary | std::ios::trunc) << to_string(result) << '\n';
}

}  // namespace cocheck
