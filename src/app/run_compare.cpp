#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/compare_words.hpp"
#include "app/screen.hpp"
#include "app/terminal.hpp"
#include "shoal/core/error.hpp"
#include "shoal/fit/compare.hpp"
#include "shoal/io/label_file.hpp"

namespace shoal::app {

void run_compare(const Communicator& comm, const Arguments& arguments) {
  std::vector<DatasetInfo> infos = describe_datasets(comm, arguments.data, Wanted::labels);
  if (infos[0].n_rows != infos[1].n_rows)
    throw Error(ExitCode::bad_data, fmt::format("{} has {} labels, {} has {}; they must be of the same rows",
                                                infos[0].name(), infos[0].n_rows, infos[1].name(), infos[1].n_rows));
  const std::vector<std::int64_t> a = read_labels(comm, infos[0]);
  const std::vector<std::int64_t> b = read_labels(comm, infos[1]);
  const Contingency table = contingency(comm, a, b);
  const Agreement found = agreement(table);
  if (found.n_rows == 0) throw Error(ExitCode::bad_data, "no row has a label in both files");
  if (!arguments.json && is_read_by_a_person())
    return print_result(comm, compare_words({infos[0].name(), infos[1].name(), table, found}, screen_width()));
  if (found.n_left_out > 0)
    say(comm, arguments, fmt::format("{} rows without a label (-1) in either file are left out", found.n_left_out));
  const nlohmann::ordered_json json = {{"n_rows", found.n_rows},
                                       {"adjusted_rand_index", found.adjusted_rand},
                                       {"normalized_mutual_information", found.normalised_mutual_information}};
  print_result(comm, one_line(json) + "\n");
}

}  // namespace shoal::app
