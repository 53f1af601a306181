#include "shoal/io/data_file.hpp"

#include "io/data_attributes.hpp"

namespace shoal {

void write_data(const Communicator& comm, const OutputFile& output, const DataHead& head,
                const std::function<Range(int rank)>& rows_of_rank, const void* rows, std::vector<RowArray> beside) {
  beside.insert(beside.begin(), {"/X", head.type, head.n_columns, rows});
  write_rows(comm, output, head.n_rows, rows_of_rank, beside, [&](hid_t file) { annotate(file, head); });
}

}  // namespace shoal
