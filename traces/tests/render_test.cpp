#include "cocheck/render.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "cocheck/dot.hpp"
#include "random_recordings.hpp"
#include "sample_recordings.hpp"
#include "temporary_folder.hpp"

namespace cocheck {
namespace {

constexpr const char* kSmall = "digraph { a -> b }";

/// Hides all programs while it lives, as if Graphviz were not installed.
class EmptyPath {
 public:
  EmptyPath() : old_(std::getenv("PATH")) { ::setenv("PATH", "/nowhere", 1); }
  ~EmptyPath() { ::setenv("PATH", old_.c_str(), 1); }
  EmptyPath(const EmptyPath&) = delete;
  EmptyPath& operator=(const EmptyPath&) = delete;

 private:
  std::string old_;
};

template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const RenderError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no RenderError";
  return "";
}

class RenderWithDot : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_render()) GTEST_SKIP() << "dot is not installed (package graphviz)";
  }

  samples::TemporaryFolder folder_;
};

TEST_F(RenderWithDot, DrawsEveryFormat) {
  render(kSmall, folder_ / "a.svg");
  render(kSmall, folder_ / "a.png");
  render(kSmall, folder_ / "a.pdf");
  EXPECT_NE(samples::read_text(folder_ / "a.svg").find("<svg"), std::string::npos);
  EXPECT_EQ(samples::read_text(folder_ / "a.png").substr(1, 3), "PNG");
  EXPECT_EQ(samples::read_text(folder_ / "a.pdf").substr(0, 4), "%PDF");
  EXPECT_EQ(folder_.count(), 3U) << "a temporary file is left";
}

TEST_F(RenderWithDot, NeedsNoQuotesForStrangeNames) {
  const auto path = folder_ / "-a b;$(touch c)'\".svg";
  render(kSmall, path);
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(folder_.count(), 1U);
}

TEST_F(RenderWithDot, KeepsTheOldPictureWhenDotFails) {
  samples::write_text(folder_ / "a.svg", "old");
  const std::string message = error_of([&] { render("digraph {", folder_ / "a.svg"); });
  EXPECT_EQ(message.find("dot failed with code 1 while drawing " + (folder_ / "a.svg").string()),
            0U)
      << message;
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_EQ(samples::read_text(folder_ / "a.svg"), "old");
  EXPECT_EQ(folder_.count(), 1U);
}

TEST_F(RenderWithDot, DrawsEverySampleWithoutAnError) {
  for (const Recording& recording :
       {samples::racy_counter(), samples::deadlock(), samples::timer_jump(),
        samples::queue_of_values(), samples::cancellation(), samples::long_labels(), Recording()}) {
    render(to_dot(recording), folder_ / "a.svg");
    EXPECT_TRUE(samples::read_text(folder_ / "a.svg").ends_with("</svg>\n"));
  }
}

TEST_F(RenderWithDot, DrawsRandomRecordings) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    render(to_dot(samples::RandomRecordings(seed).next()), folder_ / "a.svg");
  }
}

TEST_F(RenderWithDot, ShowsTextAsItIs) {
  render(to_dot(samples::long_labels()), folder_ / "a.svg");
  const std::string svg = samples::read_text(folder_ / "a.svg");
  EXPECT_NE(svg.find(">a.b \\N \\G %s &lt;B&gt; {|};"), std::string::npos);
  EXPECT_NE(svg.find("title=\"step 2: a.b \\N \\G %s &lt;B&gt; {|};"), std::string::npos);
  EXPECT_NE(svg.find("reader &lt;T&gt; &amp; &quot;writer&quot;"), std::string::npos);
}

TEST_F(RenderWithDot, DrawsAHundredTasks) {
  render(to_dot(samples::many_tasks()), folder_ / "a.svg");
  EXPECT_GT(std::filesystem::file_size(folder_ / "a.svg"), 100000U);
}

TEST(Render, WritesDotWithoutGraphviz) {
  const samples::TemporaryFolder folder;
  const EmptyPath empty;
  render("any text", folder / "a.dot");
  EXPECT_EQ(samples::read_text(folder / "a.dot"), "any text");
  EXPECT_EQ(folder.count(), 1U);
}

TEST(Render, SaysWhatToInstall) {
  const samples::TemporaryFolder folder;
  const EmptyPath empty;
  EXPECT_FALSE(can_render());
  EXPECT_EQ(error_of([&] { render(kSmall, folder / "a.svg"); }),
            "the program dot is not installed; install the package graphviz");
  EXPECT_EQ(folder.count(), 0U);
}

TEST(Render, RejectsOtherExtensions) {
  for (const char* const name : {"a.gif", "a", "a.SVG"}) {
    EXPECT_EQ(
        error_of([&] { render(kSmall, name); }),
        std::string(name) + ": the extension must be .svg, .png, .pdf or .dot to name the format");
  }
}

TEST(Render, SaysWhyItCannotWrite) {
  const samples::TemporaryFolder folder;
  const std::string missing = (folder / "missing").string();
  EXPECT_EQ(error_of([&] { render(kSmall, folder / "missing/a.dot"); }),
            missing + "/a.dot: cannot be written: the folder " + missing + " does not exist");
}

}  // namespace
}  // namespace cocheck
