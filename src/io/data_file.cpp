#include "shoal/io/data_file.hpp"

#include "io/data_attributes.hpp"
#include "shoal/io/row_writer.hpp"

namespace shoal {

void write_data(const Communicator& comm, const OutputFile& output, const DataHead& head,
                const std::function<Range(int rank)>& rows_of_rank, const void* rows, const std::int32_t* labels) {
  write_rows(comm, output, head.n_rows, rows_of_rank,
             {{"/X", head.type, head.n_columns, rows}, {"/labels", ElementType::int32, 0, labels}},
             [&](hid_t file) { annotate(file, head); });
}

}  // namespace shoal
