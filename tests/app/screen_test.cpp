// Widths of texts, and tables within a width.
#include "app/screen.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "app/text_table.hpp"

namespace shoal::app {
namespace {

/// Before the first text is shown, which is when the program looks.
const bool utf8 = setenv("LC_ALL", "C.UTF-8", 1) == 0;

TEST(Width, CountsColumnsAndNotBytes) {
  ASSERT_TRUE(utf8);
  EXPECT_EQ(display_width("width"), 5U);
  EXPECT_EQ(display_width("größe"), 5U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("花びら"), 6U);
}

TEST(Names, LoseTheirMiddle) {
  EXPECT_EQ(fitted("sepal length", 12), "sepal length");
  EXPECT_EQ(fitted("a rather long name of 12", 12), "a rathe.. 12");
  EXPECT_EQ(fitted("/scratch/of/me/model.h5", 12, Kept::end), "..e/model.h5");
  EXPECT_EQ(fitted("花びらの長さセンチ", 11), "花びら..チ");
  for (std::size_t width = 2; width < 30; ++width) {
    EXPECT_LE(display_width(fitted("花びらの長さ and more of it", width)), width);
    EXPECT_LE(display_width(fitted(std::string(5000, 'x') + "\x1b[2J", width)), width);
  }
  EXPECT_EQ(fitted("a\x1b[2Jb", 20), "a\\x1b[2Jb");
}

TEST(Words, AreCutIntoLines) {
  EXPECT_EQ(wrapped_at("one two three", 0, 7), "one two\nthree");
  EXPECT_EQ(wrapped_at("one two three", 4, 11), "one two\n    three");
  EXPECT_EQ(wrapped_at("unbreakable", 2, 5), "unbreakable");
}

TEST(Table, ContinuesBelowWhereItIsTooWide) {
  TextTable table({{"name", true}, {"0"}, {"1"}, {"2"}});
  table.add({"größe", "1.5", "22.5", "3.5"});
  table.add({"n", "1"});
  EXPECT_EQ(table.width(), 5 + 2 + 3 + 2 + 4 + 2 + 3U);
  EXPECT_EQ(table.text(80), "name     0     1    2\ngröße  1.5  22.5  3.5\nn        1\n");
  EXPECT_EQ(table.text(16), "name     0     1\ngröße  1.5  22.5\nn        1\n\nname     2\ngröße  3.5\nn\n");
  std::istringstream narrow(table.text(1));  // a column at least
  int lines = 0;
  for (std::string line; std::getline(narrow, line);) lines += line.empty() ? 0 : 1;
  EXPECT_EQ(lines, 9);
}

TEST(Table, MayHaveOneColumn) {
  TextTable table({{"name", true}});
  table.add({"a"});
  EXPECT_EQ(table.text(80), "name\na\n");
}

}  // namespace
}  // namespace shoal::app
