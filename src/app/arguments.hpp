/// The command line and the config file as plain structs with defaults in place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shoal/io/table_source.hpp"
#include "shoal/run/options.hpp"
#include "shoal/run/selection.hpp"

namespace shoal::app {

enum class Progress { automatic, bar, lines, off };
enum class Restart { automatic, never, require };

}  // namespace shoal::app

namespace shoal {

template <>
inline constexpr auto names_of<app::Progress> = names("auto", "bar", "lines", "off");
template <>
inline constexpr auto names_of<app::Restart> = names("auto", "never", "require");

}  // namespace shoal

namespace shoal::app {

/// One command's options; each command has an instance of its own, so that a config file may set all of them.
struct Arguments {
  std::string command;
  std::string config;  ///< the file, if any

  std::optional<RunOptions> run;    ///< fit; select: with the most clusters
  std::optional<ScanOptions> scan;  ///< select
  RowOptions rows;                  ///< predict, score
  std::string model_file;           ///< predict, score, sample
  std::vector<std::string> data;    ///< fit, predict, score; compare: the two labellings; info, convert: the files
  std::string output;
  std::string labels;
  bool overwrite = false;
  bool responsibilities = false;
  bool log_density = false;
  bool distances = false;
  std::string impute;       ///< predict: the completed rows
  std::string denoise;      ///< predict: the rows without their noise
  bool deviations = false;  ///< predict: of the completed ones, too

  std::string checkpoint;
  std::string checkpoint_every = "5min";
  Restart restart = Restart::automatic;
  std::string max_time;

  int threads = 0;  ///< 0: OMP_NUM_THREADS, else 1
  std::string target;
  bool dry_run = false;
  bool json = false;
  std::string log;
  Progress progress = Progress::automatic;
  bool quiet = false;
  bool verbose = false;

  std::int64_t sample_rows = 0;
  std::uint64_t seed = 0;       ///< sample
  std::int64_t prototypes = 0;  ///< info: width of the pictures, 0: none
  bool all = false;             ///< info: every cluster and feature, and what else is in the file

  // convert
  std::string type = "auto";
  TableOptions table;
  std::optional<double> threshold;
};

/// Reads the command line. Throws Error(usage or no_input). Nothing comes back where the answer was printed instead
/// (--help, --version, --citation): `print` is whether this rank prints.
std::optional<Arguments> parse_arguments(int argc, char** argv, bool print);

}  // namespace shoal::app
