#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "program.hpp"

namespace cocheck::differential {

/// Runs the program on cocheck in asyncio's order and logs what happens, in the words of
/// asyncio_interpreter.py.
[[nodiscard]] std::vector<std::string> run_on_cocheck(const Program& program);

/// Runs the program in every order and calls `visit` with each log. False when there are more than
/// `max_executions`.
[[nodiscard]] bool run_in_every_order(
    const Program& program, std::uint64_t max_executions,
    const std::function<void(const std::vector<std::string>&)>& visit);

}  // namespace cocheck::differential
