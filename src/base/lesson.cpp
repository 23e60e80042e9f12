// The table of rules that a lesson can switch off.
#include "netsim/lesson.hpp"

#include <array>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "netsim/result.hpp"

namespace netsim {
namespace {

constexpr LessonRuleEntry kLessonRules[] = {
#define LESSON_RULE(name, word, without, where) {LessonRule::k##name, word, without, where},
#include "netsim/lesson.def"
#undef LESSON_RULE
};

}  // namespace

std::span<const LessonRuleEntry> lesson_rules() {
    return kLessonRules;
}

LessonRule parse_lesson_rule(std::string_view name) {
    std::vector<std::string_view> known;
    for (const LessonRuleEntry& entry : kLessonRules) {
        if (entry.name == name) {
            return entry.rule;
        }
        known.push_back(entry.name);
    }
    throw InputError("unknown rule \"" + std::string(name) + "\"" + did_you_mean(name, known) +
                     " (rules: " + join(known) + ")");
}

}  // namespace netsim
