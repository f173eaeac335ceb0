#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

namespace cocheck {

/// A picture that could not be drawn. The message is one line that says why and what to do.
class RenderError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Whether the program `dot` of Graphviz is installed, so that render() can draw.
[[nodiscard]] bool can_render();

/// Draws a text in the DOT language into a file. The extension of `output` names the format:
/// `.svg`,
/// `.png`, `.pdf`, or `.dot`, which writes the text itself and needs no Graphviz. The file appears
/// only when it is complete.
///
/// Throws RenderError when the extension is another one, `dot` is missing or fails, or the file
/// cannot be written; then what was there before is still there.
///
///     render(to_dot(recording), "counter.svg");
void render(const std::string& dot, const std::filesystem::path& output);

}  // namespace cocheck
