// A lab's questions on the terminal: asked before anything is shown, judged by what the run gave.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "lua/run.hpp"

namespace netsim::cli {

/// The answers as typed; nothing where a question was skipped (an empty line, or no more input).
using Answers = std::vector<std::optional<std::string>>;

/// An answer that is none of the choices, or no number, is asked for again.
Answers ask_questions(const std::vector<lua::Question>& questions, std::istream& in,
                      std::ostream& out);

/// Which were right, and what the run gave.
void tell_answers(const std::vector<lua::Question>& questions, const Answers& answers,
                  std::ostream& out);

}  // namespace netsim::cli
