#pragma once

#include <cstdint>

#include "cocheck/options.hpp"
#include "cocheck/verdict.hpp"
#include "cocheck/world.hpp"

namespace cocheck::detail {

/// Whether a search with these options goes on to look for the smallest lag that breaks the model.
[[nodiscard]] bool is_lag_sought(const Options& options, const Verdict& verdict);

/// Looks for that lag and tells `verdict`, which came of the same search where the loop is never
/// late. First the loop may be late without limit; what fails then tells how late it had to be, and
/// a little less is tried, until nothing fails any more. A failure that needs no late loop after
/// all takes the place of the verdict. For `border` see Search.
void seek_lag(const Model& model, const Options& options, std::uintptr_t border, Verdict& verdict);

}  // namespace cocheck::detail
