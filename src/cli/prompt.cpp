// libedit's editor, and std::getline.
#include "cli/prompt.hpp"

#include <histedit.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string_view>
#include <utility>

namespace netsim::cli {
namespace {

class PlainLines final : public Prompt {
 public:
    std::optional<std::string> read(const std::string& /*prompt*/) override {
        std::string line;
        if (!std::getline(std::cin, line)) {
            return std::nullopt;
        }
        return line;
    }

    bool interactive() const override { return false; }
};

std::vector<std::string> words_before(const LineInfo& line) {
    std::vector<std::string> words(1);
    for (const char* at = line.buffer; at != line.cursor; ++at) {
        if (*at != ' ') {
            words.back() += *at;
        } else if (!words.back().empty()) {
            words.emplace_back();
        }
    }
    return words;
}

std::string common_start(const std::vector<std::string>& words) {
    std::string start = words.front();
    for (const std::string& word : words) {
        const auto [end, other] =
            std::mismatch(start.begin(), start.end(), word.begin(), word.end());
        start.erase(end, start.end());
    }
    return start;
}

class Editor final : public Prompt {
 public:
    explicit Editor(Complete complete)
        : complete_(std::move(complete)),
          edit_(el_init("netsim", stdin, stdout, stderr)),
          history_(history_init()) {
        HistEvent event{};
        history(history_, &event, H_SETSIZE, 1000);
        history(history_, &event, H_SETUNIQUE, 1);
        el_set(edit_, EL_CLIENTDATA, this);
        el_set(edit_, EL_PROMPT, &Editor::prompt_of);
        el_set(edit_, EL_HIST, history, history_);
        el_set(edit_, EL_EDITOR, "emacs");
        // Ctrl-C is a key while a line is edited; while the network runs it is a signal.
        el_set(edit_, EL_SETTY, "-d", "-isig", nullptr);
        el_set(edit_, EL_ADDFN, "netsim-complete", "Complete the word", &Editor::on_tab);
        el_set(edit_, EL_BIND, "^I", "netsim-complete", nullptr);
        el_set(edit_, EL_ADDFN, "netsim-abandon", "Abandon the line", &Editor::on_interrupt);
        el_set(edit_, EL_BIND, "^C", "netsim-abandon", nullptr);
        el_set(edit_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    }

    ~Editor() override {
        history_end(history_);
        el_end(edit_);
    }

    Editor(const Editor&) = delete;
    Editor& operator=(const Editor&) = delete;
    Editor(Editor&&) = delete;
    Editor& operator=(Editor&&) = delete;

    std::optional<std::string> read(const std::string& prompt) override {
        prompt_ = prompt;
        abandoned_ = false;
        int count = 0;
        const char* text = el_gets(edit_, &count);
        if (text == nullptr || count <= 0) {
            std::cout << '\n';
            return std::nullopt;
        }
        if (abandoned_) {
            return std::string();
        }
        std::string line(text, static_cast<std::size_t>(count));
        if (!line.empty() && line.back() == '\n') {
            line.pop_back();
        }
        if (line.find_first_not_of(' ') != std::string::npos) {
            HistEvent event{};
            history(history_, &event, H_ENTER, line.c_str());
        }
        return line;
    }

    bool interactive() const override { return true; }

 private:
    static Editor& of(EditLine* edit) {
        void* self = nullptr;
        el_get(edit, EL_CLIENTDATA, &self);
        return *static_cast<Editor*>(self);
    }

    static char* prompt_of(EditLine* edit) { return of(edit).prompt_.data(); }

    static unsigned char on_interrupt(EditLine* edit, int /*key*/) {
        of(edit).abandoned_ = true;
        std::fputs("^C\n", stdout);
        return CC_NEWLINE;
    }

    static unsigned char on_tab(EditLine* edit, int /*key*/) { return of(edit).complete(); }

    unsigned char complete() {
        const std::vector<std::string> words = words_before(*el_line(edit_));
        std::vector<std::string> fitting;
        for (const std::string& one : complete_(words)) {
            if (one.starts_with(words.back())) {
                fitting.push_back(one);
            }
        }
        if (fitting.empty()) {
            return CC_ERROR;
        }
        std::string more = common_start(fitting).substr(words.back().size());
        if (fitting.size() == 1 && fitting.front().back() != ':') {
            more += ' ';
        }
        if (!more.empty()) {
            return el_insertstr(edit_, more.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
        }
        std::fputc('\n', stdout);
        for (const std::string& one : fitting) {
            std::fprintf(stdout, "%s  ", one.c_str());
        }
        std::fputc('\n', stdout);
        return CC_REDISPLAY;
    }

    Complete complete_;
    EditLine* edit_;
    History* history_;
    std::string prompt_;
    bool abandoned_ = false;
};

}  // namespace

std::unique_ptr<Prompt> make_prompt(Prompt::Complete complete) {
    if (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) {
        return std::make_unique<Editor>(std::move(complete));
    }
    return std::make_unique<PlainLines>();
}

}  // namespace netsim::cli
