// Python's arithmetic, comparison and text formatting.
#include "packetdrill/code_value.hpp"

#include <fmt/format.h>

#include "packetdrill/machine.hpp"

namespace netsim::packetdrill {
namespace {

CodeValue number(std::int64_t n) {
    return CodeValue{n};
}

/// Wrapping, so that no script makes signed overflow.
std::int64_t wrapped(char op, std::int64_t a, std::int64_t b) {
    const auto x = static_cast<std::uint64_t>(a);
    const auto y = static_cast<std::uint64_t>(b);
    const std::uint64_t r = op == '+' ? x + y : op == '-' ? x - y : x * y;
    return static_cast<std::int64_t>(r);
}

/// '%d of %d' % (a, b)
CodeValue format_text(const std::string& text, const CodeValue& arguments) {
    const auto* tuple = std::get_if<Tuple>(&arguments.v);
    const Tuple all = tuple != nullptr ? *tuple : Tuple{arguments};
    std::string out;
    std::size_t next = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%' || i + 1 == text.size()) {
            out += text[i];
        } else if (text[++i] == '%') {
            out += '%';
        } else {
            out += next < all.size() ? shown(all[next]) : "?";
            ++next;
        }
    }
    return {out};
}

}  // namespace

const std::int64_t* as_int(const CodeValue& a) {
    return std::get_if<std::int64_t>(&a.v);
}

double as_double(const CodeValue& a) {
    if (const auto* n = as_int(a)) {
        return static_cast<double>(*n);
    }
    if (const auto* d = std::get_if<double>(&a.v)) {
        return *d;
    }
    throw Mismatch{"a number was expected in the code"};
}

bool truth(const CodeValue& a) {
    if (const auto* text = std::get_if<std::string>(&a.v)) {
        return !text->empty();
    }
    if (const auto* tuple = std::get_if<Tuple>(&a.v)) {
        return !tuple->empty();
    }
    return as_double(a) != 0;
}

std::string shown(const CodeValue& a) {
    if (const auto* n = as_int(a)) {
        return std::to_string(*n);
    }
    if (const auto* d = std::get_if<double>(&a.v)) {
        return fmt::format("{}", *d);
    }
    if (const auto* text = std::get_if<std::string>(&a.v)) {
        return *text;
    }
    std::string out;
    for (const CodeValue& item : std::get<Tuple>(a.v)) {
        out += (out.empty() ? "" : ", ") + shown(item);
    }
    return "(" + out + ")";
}

int compare(const CodeValue& a, const CodeValue& b) {
    const auto* left = std::get_if<std::string>(&a.v);
    const auto* right = std::get_if<std::string>(&b.v);
    if (left != nullptr && right != nullptr) {
        return left->compare(*right);
    }
    if (const auto* m = as_int(a), *n = as_int(b); m != nullptr && n != nullptr) {
        return *m < *n ? -1 : (*m > *n ? 1 : 0);
    }
    const double x = as_double(a);
    const double y = as_double(b);
    return x < y ? -1 : (x > y ? 1 : 0);
}

CodeValue arithmetic(std::string_view op, const CodeValue& a, const CodeValue& b) {
    const auto* x = as_int(a);
    const auto* y = as_int(b);
    if (op == "%" && std::holds_alternative<std::string>(a.v)) {
        return format_text(std::get<std::string>(a.v), b);
    }
    if (op == "+" && std::holds_alternative<std::string>(a.v)) {
        return {std::get<std::string>(a.v) + shown(b)};
    }
    const bool divides = op == "/" || op == "//" || op == "%";
    if (divides && as_double(b) == 0) {
        throw Mismatch{"division by zero in the code"};
    }
    if (x != nullptr && y != nullptr) {
        if (divides && *y == -1) {
            return op == "%" ? number(0) : number(wrapped('-', 0, *x));
        }
        if (divides) {
            const std::int64_t rest = ((*x % *y) + *y) % *y;  // Python's: the divisor's sign
            if (op == "%") {
                return number(rest);
            }
            if (op == "//" || rest == 0) {
                return number((*x - rest) / *y);
            }
            return {static_cast<double>(*x) / static_cast<double>(*y)};
        }
        if (op == "<<" || op == ">>") {
            if (*y < 0 || *y > 62) {
                throw Mismatch{"a shift by more than 62 in the code"};
            }
            const auto bits = static_cast<std::uint64_t>(*x);
            return number(op == "<<" ? static_cast<std::int64_t>(bits << *y) : *x >> *y);
        }
        if (op == "&" || op == "|" || op == "^") {
            return number(op == "&" ? *x & *y : op == "|" ? *x | *y : *x ^ *y);
        }
        return number(wrapped(op[0], *x, *y));
    }
    const double m = as_double(a);
    const double n = as_double(b);
    if (op == "+" || op == "-" || op == "*") {
        return {op == "+" ? m + n : op == "-" ? m - n : m * n};
    }
    if (op == "/") {
        return {m / n};
    }
    throw Mismatch{"the operator " + std::string(op) + " needs whole numbers in the code"};
}

}  // namespace netsim::packetdrill
