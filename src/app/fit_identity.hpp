/// What a checkpoint must share with the fit that goes on from it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/fit_plan.hpp"
#include "shoal/io/checkpoint.hpp"

namespace shoal::app {

/// The entry that only the rows can give.
inline constexpr const char* digest_of_rows = "digest of the rows";

/// Program, instruction set, shape of the data, and the resolved options, by name.
NamedTexts identity_of(const FitPlan& plan);

/// What reading the rows, or trying them, adds to an identity or changes in it.
void set_entry(NamedTexts& identity, const std::string& name, const std::string& value);

/// One digest of what options, program and shape of the data make of the identity, limits left out: a log names it.
std::string fit_digest(const FitPlan& plan);

/// Every file of the data with its size, number and times, which change when it is written to; nothing where HDF5 alone
/// knows which files it reads.
NamedTexts state_of_inputs(const FitPlan& plan);

/// Throws Error where entries that both have differ by more than they may, naming the first and both values: usage for
/// an option, bad_data for the data or the program.
void require_same(const NamedTexts& before, const FitPlan& plan);

/// Whether the fit would stop where it did.
bool same_limits(const NamedTexts& before, const FitPlan& plan);

/// The arguments, with the checkpoint's instruction set where none is asked for.
Arguments with_target_of(const std::optional<Checkpoint>& before, const Arguments& arguments);

/// Whether its rows were held as float64, as they may be for float32 files, too.
bool was_float64(const Checkpoint& checkpoint);

/// Every file that a fit writes, with one generation of the checkpoint ("" or ".previous": both may for a moment be one
/// file); every one that options name to be read; and those in which headers say that the data
/// lie. Empty names do not count.
std::vector<std::string> files_written(const Arguments& arguments, const std::string& generation);
std::vector<std::string> files_named(const Arguments& arguments);
std::vector<std::string> files_read(const FitPlan& plan);

}  // namespace shoal::app
