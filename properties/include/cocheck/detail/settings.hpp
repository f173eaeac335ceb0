#pragma once

#include <filesystem>

#include "cocheck/options.hpp"

namespace cocheck::detail {

/// What a test runs with: its options, and the folder for what a failure leaves behind.
struct Settings {
  Options options;
  std::filesystem::path out = "cocheck-out";
};

/// The options that stand in the code, changed by the environment (COCHECK_SEED, ...) and then by
/// the flags of this process (--cocheck_seed=, ...). Throws ValueError for a flag that there is not
/// and for a value that is not allowed, with what is.
[[nodiscard]] Settings resolve_settings(const Options& in_code);

}  // namespace cocheck::detail
