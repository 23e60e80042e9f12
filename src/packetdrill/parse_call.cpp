// Calls: name(arguments) = result, and the values they are written with.
#include <charconv>

#include "netsim/result.hpp"
#include "packetdrill/constants.hpp"
#include "packetdrill/parser.hpp"

namespace netsim::packetdrill {
namespace {

constexpr std::size_t kNestingMax = 16;

bool is_errno(std::string_view name) {
    if (name == "ENOMSG" || name == "ENOENT" || name == "EINTR" || name == "ENOTSUPP" ||
        name == "EEXIST") {
        return true;
    }
    for (unsigned n = 1; n < 256; ++n) {
        if (errno_name(static_cast<Errno>(n)) == name) {
            return true;
        }
    }
    return false;
}

}  // namespace

CallLine Parser::call() {
    CallLine line;
    const Place where = scan_.place();
    line.name = std::string(scan_.identifier());
    if (line.name.empty()) {
        scan_.fail("expected a packet (< or >), a call, `a command` or %{ code }%");
    }
    if (scan_.peek() != '(') {
        scan_.fail_at(where,
                      "expected a packet (< or >), a call, `a command` or %{ code }%, not \"" +
                          line.name + "\"");
    }
    line.arguments = list(Value::Kind::kList, ")").items;
    scan_.need("=");
    if (scan_.take("?")) {
        return line;
    }
    const Value result = value();
    if (result.kind != Value::Kind::kNumber) {
        scan_.fail_at(result.place, "the result must be a number or ?");
    }
    line.result = result.number;
    if (result.number == -1 && scan_.peek() == 'E') {
        const Place error_place = scan_.place();
        line.error = std::string(scan_.identifier());
        if (line.error == "EWOULDBLOCK") {
            line.error = "EAGAIN";
        }
        if (!is_errno(line.error)) {
            scan_.fail_at(error_place, "unknown errno \"" + line.error + "\"");
        }
    }
    if (scan_.peek() == '(') {  // a note: the errno's text, or the names of flags
        scan_.need("(");
        scan_.until(")", "the note");
    }
    return line;
}

Value Parser::value() {
    Value left = one_value();
    while (scan_.peek() == '|') {
        scan_.need("|");
        const Value right = one_value();
        if (left.kind != Value::Kind::kNumber || right.kind != Value::Kind::kNumber) {
            scan_.fail_at(right.place, "only numbers can be joined by |");
        }
        left.number |= right.number;
        left.text += "|" + right.text;
    }
    return left;
}

Value Parser::one_value() {
    Value v;
    v.place = scan_.place();
    const char c = scan_.peek();
    if (scan_.take("...")) {
        return v;
    }
    if (c == '[') {
        return list(Value::Kind::kList, "]");
    }
    if (c == '{') {
        return list(Value::Kind::kStruct, "}");
    }
    if (c == '"') {
        v.kind = Value::Kind::kText;
        v.text = quoted();
        while (scan_.peek() == '"') {
            v.text += quoted();
        }
        scan_.take("...");  // "text"... stands for more of it
        return v;
    }
    if ((c >= '0' && c <= '9') || c == '-') {
        v.kind = Value::Kind::kNumber;
        v.number = scan_.integer("a value");
        return v;
    }
    return name_value();
}

Value Parser::name_value() {
    Value v;
    v.place = scan_.place();
    v.kind = Value::Kind::kNumber;
    v.text = std::string(scan_.identifier());
    if (v.text.empty()) {
        scan_.fail("expected a value (a number, a name, ..., [list], {struct} or \"text\")");
    }
    if (scan_.peek() == '(') {
        const std::vector<Value> arguments = list(Value::Kind::kList, ")").items;
        if (v.text == "htons" && arguments.size() == 1) {
            v.number = arguments[0].number;
        } else if (v.text == "inet_addr" && arguments.size() == 1 &&
                   parse_ipv4(arguments[0].text)) {
            v.number = parse_ipv4(arguments[0].text)->bits;
        } else {
            scan_.fail_at(v.place, "expected htons(PORT) or inet_addr(\"a.b.c.d\")");
        }
        return v;
    }
    if (const auto defined = settings_.defines.find(v.text); defined != settings_.defines.end()) {
        v.text = defined->second;
        try {
            Scanner number("", v.text);
            if (!v.text.empty() && v.text.front() >= '0' && v.text.front() <= '9') {
                v.number = number.integer("a value");
                return v;
            }
        } catch (const InputError&) {
            scan_.fail_at(v.place, "the define \"" + v.text + "\" is not a number");
        }
    }
    const auto known = constant(v.text);
    if (!known) {
        scan_.fail_at(v.place, "unknown name \"" + v.text + "\"" + nearest_constant(v.text));
    }
    v.number = *known;
    return v;
}

Value Parser::list(Value::Kind kind, std::string_view close) {
    static thread_local std::size_t depth = 0;

    struct Level {
        Level() { ++depth; }

        ~Level() { --depth; }

        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;
        Level(Level&&) = delete;
        Level& operator=(Level&&) = delete;
    } const level;

    Value v;
    v.kind = kind;
    v.place = scan_.place();
    if (depth > kNestingMax) {
        scan_.fail_at(v.place, "nested too deeply");
    }
    scan_.need(close == ")" ? "(" : close == "]" ? "[" : "{");
    if (!scan_.take(close)) {
        do {
            if (kind == Value::Kind::kStruct) {
                struct_item(v);
            } else {
                v.items.push_back(value());
                v.names.emplace_back();
            }
        } while (scan_.take(","));
        scan_.need(close);
    }
    return v;
}

/// `name=value`, `name(...)=value` or `value`
void Parser::struct_item(Value& into) {
    const Scanner before = scan_;
    const std::string name(scan_.identifier());
    if (!name.empty() && scan_.peek() == '(') {
        list(Value::Kind::kList, ")");
    }
    if (!name.empty() && scan_.take("=")) {
        into.names.push_back(name);
    } else {
        scan_ = before;
        into.names.emplace_back();
    }
    into.items.push_back(value());
}

std::string Parser::quoted() {
    scan_.need("\"");
    const Place where = scan_.place();
    std::string out;
    for (;;) {
        const std::string_view rest = scan_.rest();
        if (rest.empty() || rest.front() == '\n') {
            scan_.fail_at(where, "the text does not end; expected \"");
        }
        const char c = rest.front();
        scan_.step();
        if (c == '"') {
            return out;
        }
        if (c == '\\' && rest.size() > 1) {
            const char next = rest[1];
            if (next == 'x') {  // two hex digits
                const auto digits = rest.substr(2, 2);
                unsigned octet = 0;
                const auto [end, error] =
                    std::from_chars(digits.data(), digits.data() + digits.size(), octet, 16);
                if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) {
                    scan_.fail("expected two hex digits after \\x");
                }
                out += static_cast<char>(octet);
                scan_.step(3);
                continue;
            }
            out += next == 'n' ? '\n' : next == 't' ? '\t' : next == '0' ? '\0' : next;
            scan_.step();
        } else {
            out += c;
        }
    }
}

}  // namespace netsim::packetdrill
