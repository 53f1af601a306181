/// toml++, for all sources in the same way: of headers alone, and numbers as the shortest text that reads back the
/// same.
#pragma once

#define TOML_FLOAT_CHARCONV 1
#include <toml++/toml.h>
