#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cocheck::differential {

/// A small program over all primitives, as both interpreters read it.
using Program = nlohmann::json;

/// What may stand in a program, as the asyncio of some version has it.
struct Language {
  bool has_shutdown = true;     ///< Queue.shutdown, since 3.13
  bool inline_wait_for = true;  ///< since 3.12
};

/// The program that a string of numbers stands for. Any string gives a program; a shorter one, or
/// one of smaller numbers, gives a smaller one, so that whoever shrinks the string shrinks it.
[[nodiscard]] Program decode_program(const std::vector<std::uint32_t>& numbers,
                                     const Language& language);

}  // namespace cocheck::differential
