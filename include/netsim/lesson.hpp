// Rules of TCP that a lesson can switch off, to show what each is for: `netsim run --without RULE`.
// The table, lesson.def, names them; none is ever off by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace netsim {

enum class LessonRule : std::uint8_t {
#define LESSON_RULE(name, word, without, where) k##name,
#include "netsim/lesson.def"
#undef LESSON_RULE
    kCount
};

static_assert(static_cast<std::size_t>(LessonRule::kCount) <= 64, "LessonRules has 64 bits");

struct LessonRuleEntry {
    LessonRule rule{};
    std::string_view name;     // "time-wait"
    std::string_view without;  // what a host does that does not follow it
    std::string_view where;    // Linux's function
};

/// All of them, in the table's order.
std::span<const LessonRuleEntry> lesson_rules();
/// InputError naming the nearest and all there are.
LessonRule parse_lesson_rule(std::string_view name);

/// A set of rules.
class LessonRules {
 public:
    void add(LessonRule rule) { bits_ |= bit(rule); }

    void add(const LessonRules& others) { bits_ |= others.bits_; }

    bool has(LessonRule rule) const { return (bits_ & bit(rule)) != 0; }

    bool empty() const { return bits_ == 0; }

 private:
    static std::uint64_t bit(LessonRule rule) {
        return std::uint64_t{1} << static_cast<unsigned>(rule);
    }

    std::uint64_t bits_ = 0;
};

}  // namespace netsim
