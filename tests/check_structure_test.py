"""Feeds scripts/check-structure with trees that are wrong in one place, and a right one."""

import os
import runpy
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
findings = runpy.run_path(os.path.join(TOP, "scripts", "check-structure"))["findings"]

HEADER = "#pragma once\n"
RIGHT = {
    "README.md": "# cocheck\n\n```cpp\nint a;\nint b;\n```\n",
    "primitives/CMakeLists.txt": "cocheck_library(primitives)\n",
    "primitives/include/cocheck/lock.hpp": HEADER
    + '#include "cocheck/detail/waiter.hpp"\nclass Lock {};\n',
    "primitives/include/cocheck/errors.hpp": HEADER + "class Error {};\n",
    "primitives/include/cocheck/detail/waiter.hpp": HEADER + "#include <cstddef>\n" * 300,
    "primitives/tests/lock_test.cpp": '#include "cocheck/explore.hpp"\n',
    "primitives/include/cocheck/primitives.hpp": HEADER
    + '\n// All.\n#include "cocheck/lock.hpp"\n',
    "primitives/tests/errors_test.cpp": "",
    "primitives/tests/CMakeLists.txt": "target_link_libraries(x PRIVATE cocheck::sim)\n",
    "primitives/examples/lock.cpp": '#include "cocheck/explore.hpp"\n',
    "traces/CMakeLists.txt": "cocheck_library(traces)\nadd_executable(cocheck_command x.cpp)\n"
    "target_link_libraries(cocheck_command\n  PRIVATE cocheck::traces)\n",
    "traces/include/cocheck/trace.hpp": HEADER,
    "sim/CMakeLists.txt": "cocheck_library(sim)\n"
    "target_link_libraries(cocheck_sim PUBLIC cocheck_primitives cocheck::traces)\n",
    "sim/include/cocheck/explore.hpp": HEADER + '#include "cocheck/lock.hpp"\n',
    "sim/include/cocheck/explorers/state_space.hpp": HEADER
    + "class StateSpaceExplorer final : public Explorer {};\n"
    + "class StateSpaceHelper final : public Explorer {};\n",
    "sim/src/explore.cpp": '#include <cocheck/trace.hpp>\n#include "helper.hpp"\n'
    + 'f(R"x(\n' + "x" * 101 + ')x");\n',
    "properties/CMakeLists.txt": "cocheck_glue(gtest\n  HEADERS x)\n"
    "target_link_libraries(cocheck_gtest PUBLIC cocheck::sim GTest::gtest)\n",
    "properties/include/cocheck/gtest.hpp": HEADER + "#include <cocheck/explore.hpp>\n",
    "tests/consumer/readme_test.cpp": "void f() {\n  int a;\n  int b;\n}\n",
}

# What is changed, and the finding it must give: the changed files, then file, line and words.
WRONG = [
    ({"primitives/src/x.cpp": "\n#include <cocheck/explore.hpp>\n"},
     ("primitives/src/x.cpp", 2, "primitives must not know sim")),
    ({"primitives/src/x.cpp": '#include "cocheck/trace.hpp"\n'},
     ("primitives/src/x.cpp", 1, "primitives must not know traces")),
    ({"traces/src/x.cpp": '# include "cocheck/lock.hpp"\n'},
     ("traces/src/x.cpp", 1, "traces must not know primitives")),
    ({"sim/src/x.cpp": '#include "cocheck/gtest.hpp"\n'},
     ("sim/src/x.cpp", 1, "sim must not know properties")),
    ({"sim/src/x.cpp": '#include "cocheck/locks.hpp"\n'},
     ("sim/src/x.cpp", 1, "there is no cocheck/locks.hpp")),
    ({"sim/src/x.cpp": '#include "../../traces/src/text.hpp"\n'},
     ("sim/src/x.cpp", 1, "by its name")),
    ({"sim/include/cocheck/trace.hpp": HEADER}, (None, 1, "the same name for users")),
    ({"primitives/CMakeLists.txt": "cocheck_library(primitives)\n"
      "target_link_libraries(cocheck_primitives\n  PUBLIC cocheck::traces)\n"},
     ("primitives/CMakeLists.txt", 3, "primitives must not know traces")),
    ({"sim/CMakeLists.txt": "cocheck_library(sim)\n"
      "target_link_libraries(cocheck_sim PRIVATE cocheck_gtest)\n"},
     ("sim/CMakeLists.txt", 2, "sim must not know properties")),
    ({"sim/CMakeLists.txt": "cocheck_library(sim)\n"
      "target_link_libraries(cocheck_sim PRIVATE cocheck::trace)\n"},
     ("sim/CMakeLists.txt", 2, "nothing defines cocheck::trace")),
    ({"traces/src/text.hpp": "// Text.\n#pragma once\n"},
     ("traces/src/text.hpp", 1, "#pragma once")),
    ({"primitives/include/cocheck/lock.hpp": HEADER + "class Lock {};\n" + "\n" * 259},
     ("primitives/include/cocheck/lock.hpp", 261, "split this header of 261 lines")),
    ({"primitives/tests/errors_test.cpp": None},
     ("primitives/include/cocheck/errors.hpp", 1, "primitives/tests/errors_test.cpp")),
    ({"primitives/examples/lock.cpp": None},
     ("primitives/include/cocheck/lock.hpp", 1, "primitives/examples/lock.cpp")),
    ({"sim/include/cocheck/explorers/state_space.hpp": HEADER},
     ("sim/include/cocheck/explorers/state_space.hpp", 1, "define StateSpaceExplorer")),
    ({"sim/src/explore.cpp": "\nclass FooExplorer : public Explorer {};\n"},
     ("sim/src/explore.cpp", 2, "move FooExplorer")),
    ({"sim/src/explore.cpp": "\n" + "x" * 101 + "\n"},
     ("sim/src/explore.cpp", 2, "101 columns")),
    ({"sim/src/explore.cpp": "// " + "TO" + "DO: more\n"}, ("sim/src/explore.cpp", 1, "do it now")),
    ({"docs/picture.svg": "\n<text>" + "/ho" + "me/me/x.cpp</text>\n"},
     ("docs/picture.svg", 2, "relative path")),
    ({"README.md": "# cocheck\n\n```cpp\nint a;\nint c;\n```\n"},
     ("README.md", 3, "copy this cpp code")),
    ({"README.md": "```cmake\nproject(x)\n```\n"}, ("README.md", 1, "copy this cmake code")),
]


def main():
    failures = [f"the right tree gives {finding}" for finding in findings(RIGHT)]
    for change, (path, line, words) in WRONG:
        files = {name: text for name, text in {**RIGHT, **change}.items() if text is not None}
        found = findings(files)
        as_wanted = (
            len(found) == 1
            and (path is None or found[0][0] == path)
            and found[0][1] == line
            and words in found[0][2]
        )
        if not as_wanted:
            failures.append(f"{sorted(change)} gives {found}, not one with '{words}'")
    for failure in failures:
        print(failure)
    print(f"{len(WRONG) + 1 - len(failures)} of {len(WRONG) + 1} trees judged as they should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
