/// Labels as a table of text, for who reads on with other programs.
#pragma once

#include <string>

#include "shoal/io/label_file.hpp"

namespace shoal {

/// Whether a name ends with .csv or .tsv, in any case.
bool is_text_name(const std::string& file);

/// One line of names, then one per row, in the rows' order: the id where there are ids, the label, and what else is
/// wanted, in the fewest digits that give the same double back. Each rank writes its own rows. Collective; the bytes do
/// not depend on the number of ranks. Throws Error(io_failure or cannot_create).
void write_label_text(const Communicator& comm, const OutputFile& output, const Partition& partition,
                      const RowResults& results);

}  // namespace shoal
