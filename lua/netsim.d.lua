---@meta
-- What a script of netsim sees, for editors with the Lua language server (LuaLS). docs/lua.md has the
-- same in prose. Values with units are strings ("10ms", "1gbit", "64kb", "1%") or plain numbers
-- (seconds, bits per second, octets, 0 to 1).

---@alias Duration string|number  "10ms", "5s", "2min", or seconds
---@alias Rate string|number      "1gbit", "100kbit", or bits per second
---@alias Frequency string|number "20kpps", "100/s", or per second
---@alias Size string|number      "64kb", or octets
---@alias Share string|number     "1%", or 0 to 1
---@alias Spacing "exponential"|"fixed"|"pareto"
---@alias Target string           "web:80" or "10.0.0.1:80"

---@class netsim
netsim = {}

---@class NetworkOptions
---@field seed? integer       --seed overrules it; 1
---@field addresses? string   prefix that addresses are given out from; "10.0.0.0/8"
---@field name? string        the case's name in reports
---@field without? string[]   rules of TCP that no host follows (netsim lab rules)

---@param options? NetworkOptions
---@return Network
function netsim.network(options) end

---Runs one case on a fresh network; the table it returns goes to --json.
---@overload fun(options: NetworkOptions, scenario: fun(net: Network): table?): table?
---@param scenario fun(net: Network): table?
---@return table? results
function netsim.run(scenario) end

---Runs each case on a network of its own and shows their results side by side:
---`netsim.compare{title = "...", {"name", scenario, argument...}, ...}`.
---@param cases {title?: string, show?: (string|string[])[], network?: NetworkOptions, [integer]: any[]}
---@return {name: string, results: table?}[]
function netsim.compare(cases) end

---Flags of this script: `{name = {default, "help"}}`. Values have the type of their default; a
---number's may be bound, `{80, "help", min = 1, max = 65535}`, a string's listed,
---`{"talks", "help", one_of = {"talks", "listens"}}`.
---@generic T: table
---@param declarations T
---@return table<string, any>
function netsim.params(declarations) end

---A check of the script's own: a failed one is told and makes the exit code 1.
---@param condition any
---@param message? string  as string.format takes it
---@return boolean
function netsim.expect(condition, message, ...) end

---@param value number?
---@param low number
---@param high number
---@param what? string
---@return boolean
function netsim.expect_between(value, low, high, what) end

---@param value number?
---@param expected number
---@param tolerance number
---@param what? string
---@return boolean
function netsim.expect_near(value, expected, tolerance, what) end

---@param value any
---@param expected any
---@param what? string
---@return boolean
function netsim.expect_equal(value, expected, what) end

---A lab's question, asked by `netsim lab N --quiz` before anything is shown. What is right comes from
---the run: one of the choices, or a number (with how far off an answer may be).
---@overload fun(question: string, actual: number, tolerance?: number)
---@param question string
---@param choices (string|number)[]
---@param actual string|number
function netsim.quiz(question, choices, actual) end

---A lab's claims, made once, when all networks are gone. `check` sees the results as plain data and
---nothing else, so that `netsim lab check` can judge another script's results by it.
---@generic T: table
---@param results T  numbers, strings, booleans, tables of them
---@param check fun(r: T)  calls netsim.expect...
function netsim.checks(results, check) end

---Prints rows as a table; the first row is the head.
---@param rows any[][]
function netsim.table(rows) end

---@class Curve
---@field values number[]
---@field label? string
---@field start? Duration
---@field step? Duration  1s

---Prints a small plot of series or curves.
---@param options {[integer]: Series|Curve, title?: string, width?: integer, height?: integer, max?: number, limit?: number, limit_label?: string, x_unit?: string}
function netsim.plot(options) end

---Pauses the process that calls it.
---@param time Duration
function netsim.sleep(time) end

---LuaSocket's select: waits for the first socket that is ready.
---@param receivers Socket[]?
---@param senders Socket[]?
---@param timeout? Duration
---@return table readable, table writable, "timeout"?
function netsim.select(receivers, senders, timeout) end

---@param duration Duration
---@return number
function netsim.seconds(duration) end

---@param size Size
---@return integer
function netsim.bytes(size) end

---@param rate Rate
---@return integer
function netsim.bits_per_second(rate) end

---@param frequency Frequency
---@return number
function netsim.per_second(frequency) end

---Linux's number of an errno: 22 of "EINVAL"; "" of what is none.
---@param name string
---@return integer|string
function netsim.errno(name) end

---@param share Share
---@return number
function netsim.probability(share) end

---The smallest value with at least p percent of all at or below it; nil of an empty list.
---@param values number[]
---@param p number  0 to 100
---@return number?
function netsim.percentile(values, p) end

---@class Network
---@field seed integer
---@field events integer      events so far
---@field handshakes integer  passive opens completed, on all hosts
local Network = {}

---@alias Profile "linux-6.18"|"linux-6.1"|"linux-legacy"|"bsd-like"

---@class HostOptions
---@field profile? Profile
---@field sysctl? table<string, string|integer>
---@field address? string
---@field without? string[]  rules of TCP that it does not follow (netsim lab rules)
---@field isn? integer       the sequence number its first connection begins with
---@field cpu? boolean|"default"|CpuOptions  work takes time; false, nil: it takes none
---@field clock? Duration  how far its own clock is ahead ("+3s", "-3s"): TCP timestamps, SYN cookies
---@field timer_wheel? boolean  timers as late as a kernel's with HZ=250 (ticks, and an eighth of the wait); else exact

---Work takes time: softirqs for what arrives, processes for their calls. Costs not given are those
---of Linux on the machine that docs/cpu.md names, or of `--cpu FILE`.
---@class CpuOptions
---@field cores? integer          1 to 64; packets go to them by flow (RSS)
---@field packet? Duration        each packet that arrives: driver, IP, socket lookup
---@field syn? Duration           a SYN that is kept and answered
---@field cookie? Duration        a SYN that is answered by a cookie
---@field cookie_ack? Duration    a cookie that comes back: the connection is made
---@field cookie_bad? Duration    an ACK that holds no cookie of ours
---@field synack? Duration        a SYN-ACK that answers our own SYN
---@field establish? Duration     a handshake's last ACK: the connection is made
---@field ack? Duration           a pure ACK
---@field data? Duration          a segment with data
---@field fin? Duration           a FIN
---@field rst? Duration           a RST, come or sent
---@field other? Duration         ICMP, UDP
---@field xmit? Duration          each segment with data that is sent
---@field timer? Duration         each segment that a timer sends
---@field connect? Duration       connect()
---@field accept? Duration        accept()
---@field read? Duration          a read that returns data or the end
---@field write? Duration         a write that takes data
---@field copy_kb? Duration       1,024 octets read or written
---@field close? Duration         close(), shutdown()
---@field wakeup? Duration        a process that slept runs again

---@param name string
---@param options? HostOptions
---@return Host
function Network:host(name, options) end

---@class RouterOptions
---@field icmp_errors? boolean  false: it sends no ICMP errors, as where a firewall drops them

---@param name string
---@param options? RouterOptions
---@return Router
function Network:router(name, options) end

---@class LinkOptions
---@field rate? Rate              none: infinitely fast
---@field delay? Duration         propagation
---@field jitter? Duration        uniform around delay
---@field ecn? boolean  what would be lost is marked CE, if it is ECT
---@field ecn_threshold? string|integer  "20p": a packet that meets so many waiting is marked CE, if it is ECT
---@field jitter_reorders? boolean  false: nothing overtakes
---@field loss? Share             independent
---@field gemodel? string|{p: Share, r: Share, loss_bad: Share, loss_good: Share}  netem's "p r 1-h 1-k"
---@field duplicate? Share
---@field corrupt? Share
---@field reorder? Share
---@field gap? integer            only every gap-th packet is a candidate for reordering
---@field limit? Size|string      queue: "1000p" packets or "64kb" octets
---@field mtu? integer            1500
---@field cost? number            routing weight; the delay by default

---@param a Host|Router|string
---@param b Host|Router|string
---@param options? LinkOptions    both directions, or a to b
---@param back? LinkOptions       b to a
---@return Link
function Network:link(a, b, options, back) end

---A generator ("dumbbell", "star", "tree", "fat_tree", "line", "ring", "grid", "random", "internet"), a GraphML
---or DOT file, or the name of a shipped one. Numbers among the options are the generator's parameters.
---@param name string
---@param options? {link?: LinkOptions, prefix?: string, [string]: number}
---@return {hosts: Host[], routers: Router[], links: Link[]}
function Network:topology(name, options) end

---@param name string
---@return Host|Router
function Network:node(name) end

---@return Host[]
function Network:hosts() end

---@return Router[]
function Network:routers() end

---@return Link[]
function Network:links() end

---Lets this much time pass; without a time, until nothing happens any more.
---@param time? Duration
---@return "until"|"idle"|"events"|"memory"|"stopped" reason
function Network:run(time) end

---@param time Duration  since the start
---@return string reason
function Network:run_until(time) end

---Ends the run after the current event.
function Network:stop() end

---@param time Duration
---@param f fun()
function Network:at(time, f) end

---Calls f each interval, until it returns false.
---@param interval Duration
---@param f fun(): boolean?
function Network:every(interval, f) end

---@return number seconds
function Network:now() end

---Samples a function, or a counter of a host, each interval.
---@overload fun(self: Network, name: string, interval: Duration, host: Host, counter: string): Series
---@param name string
---@param interval Duration
---@param f fun(): number
---@return Series
function Network:record(name, interval, f) end

---@return Series[]
function Network:series() end

---Prints packets that match as tcpdump would, from now on.
---@param filter? string  "host web and port 80", "syn", "drop"
function Network:trace(filter) end

---Counts from now on what states() shows.
function Network:watch_states() end

---TCP's state diagram with the edges taken: "text" (the default), "svg", or "edges".
---@overload fun(self: Network, form: "edges"): {from: string, to: string, cause: string, count: integer}[]
---@param form? "text"|"svg"
---@return string
function Network:states(form) end

---Connections in words: "web:80" (a listener and all of its port) or "web:80-user:40000".
---@param endpoint string
---@return string
function Network:explain(endpoint) end

---Collects from now on what ladder() draws.
function Network:watch_ladder() end

---@class LadderOptions
---@field format? "text"|"mermaid"|"svg"
---@field width? integer  columns of text, 80 to 120
---@field absolute? boolean  sequence numbers as sent
---@field start? integer|integer[]  the number of both SYNs, or of the left and the right one
---@field options? boolean  of SYNs
---@field windows? boolean
---@field utf8? boolean
---@field port? integer  only connections with this port
---@field connection? integer  only this one, from 1
---@field connections_max? integer  default 4
---@field rows_max? integer

---Of two hosts, or of those that exchanged most.
---@param left? Host|string
---@param right? Host|string
---@param options? LadderOptions
---@return string
function Network:ladder(left, right, options) end

---@param target Target
---@return string address, integer port
function Network:resolve(target) end

---@return string digest  16 hexadecimal digits
function Network:digest() end

---@class Router
---@field name string
---@field address string
local Router = {}

---Calls f for each packet that this node receives; f may send, not block.
---@param filter string
---@param f fun(packet: SeenPacket)
---@overload fun(self: Router, f: fun(packet: SeenPacket))
function Router:sniff(filter, f) end

---@param prefix string
---@param next Host|Router|string  a neighbour
function Router:route(prefix, next) end

---@param prefix string
function Router:blackhole(prefix) end

---@class FirewallRule
---@field accept? boolean
---@field drop? boolean
---@field reject? boolean|"tcp-reset"|"icmp-port-unreachable"|"icmp-host-unreachable"|"icmp-net-unreachable"|"icmp-proto-unreachable"|"icmp-net-prohibited"|"icmp-host-prohibited"|"icmp-admin-prohibited"
---@field log? boolean|string  a prefix for its lines in dmesg; alone, the packet goes on
---@field chain? "INPUT"|"FORWARD"|"OUTPUT"  FORWARD of a router, INPUT of a host
---@field from? Host|Router|string  a neighbour: the interfaces to it; else the source address
---@field to? Host|Router|string
---@field src? Host|Router|string   always the address
---@field dst? Host|Router|string
---@field iif? string  "eth0"
---@field oif? string
---@field proto? "tcp"|"udp"|"icmp"
---@field sport? integer|string
---@field dport? integer|string
---@field flags? string  tcpdump's letters
---@field with? "exactly"|"all of"|"any of"
---@field state? string|string[]  "new", "established", "related", "invalid"
---@field limit? Frequency  packets that find a token match
---@field above? Frequency  packets that find none match
---@field burst? integer    5
---@field per? "source"     a bucket for each address
---@field comment? string

---@class Firewall
local Firewall = {}

---@param n integer  before the nth of its chain
---@param rule FirewallRule
function Firewall:insert(n, rule) end

---@param rule FirewallRule
function Firewall:append(rule) end

---@param n integer
---@param chain? string
function Firewall:delete(n, chain) end

---@param chain? string
function Firewall:flush(chain) end

---@param word "accept"|"drop"
---@param chain? string
function Firewall:policy(word, chain) end

---Counters begin anew.
function Firewall:zero() end

---@param chain? string
---@return {target: string, packets: integer, bytes: integer, comment: string}[]
function Firewall:rules(chain) end

---As iptables -L -v -n prints it.
---@param chain? string
---@return string
function Firewall:list(chain) end

---A firewall in place of the one there was: `{policy = "drop", {accept = true, state = "new"}, ...}`; without
---a table: the one there is.
---@param options? {policy?: "accept"|"drop"|table<string, "accept"|"drop">, conntrack?: boolean, [integer]: FirewallRule}
---@return Firewall
function Router:firewall(options) end

---@return {count: integer, invalid: integer, insert_failed: integer, drop: integer, early_drop: integer}
function Router:conntrack() end

---net.netfilter.nf_conntrack_...
---@param name string
---@param value? string|integer
---@return string
function Router:sysctl(name, value) end

---iptables -L, conntrack -L, -C, -S or -F, dmesg.
---@param line string
---@return string text
function Router:sh(line) end

---@param reason? string
---@return integer|table<string, integer>
function Router:dropped(reason) end

---@class NatOptions
---@field inside? Host|Router|string|(Host|Router|string)[]  whose packets are translated
---@field outside? string  address or prefix; its own address
---@field ports? string    "1024-65535"
---@field forward? table<integer|string, Target>  {[8080] = "web:80", ["udp:53"] = "dns:53"}
---@field timeouts? table<string, Duration>  established, syn_sent, syn_recv, fin_wait, close_wait, last_ack, time_wait, close, udp, udp_stream, icmp
---@field max? integer     connections
---@field silent? boolean  no answer to what has no mapping

---@param options NatOptions
function Router:nat(options) end

---@return {mapped: integer, port_changed: integer, forwarded: integer, exhausted: integer, unmapped: integer}
function Router:nat_stats() end

---@alias TcpOption "mss"|"window-scale"|"sack-permitted"|"timestamps"|"sack"|"fastopen"|"md5"

---@class MiddleboxOptions
---@field strip? TcpOption|TcpOption[]
---@field drop_options? TcpOption|TcpOption[]
---@field drop_fastopen_data? boolean|"packet"|"data"
---@field drop_icmp? boolean|string|integer|(string|integer)[]
---@field clamp_mss? integer
---@field rewrite_seq? boolean  SACK blocks are not rewritten
---@field from? Host|Router|string
---@field to? Host|Router|string

---@class Middlebox
local Middlebox = {}

---@return {dropped: integer, stripped: integer, data_stripped: integer, clamped: integer, rewritten: integer}
function Middlebox:stats() end

function Middlebox:remove() end

---@param options MiddleboxOptions
---@return Middlebox
function Router:middlebox(options) end

---@class Link
---@field name string   "web-r"
---@field a string      name of one end
---@field b string      name of the other
---@field is_up boolean
local Link = {}

---@param from? Target  one direction alone, by the node that sends
function Link:up(from) end

---@param from? Target
function Link:down(from) end

---@param time Duration
---@param state "up"|"down"
function Link:at(time, state) end

---Replaces all parameters of one direction (from that end), or of both.
---@param options LinkOptions
---@param from? Host|Router|string
function Link:set(options, from) end

---Counters of one direction, or the sum of both.
---@param from? Host|Router|string
---@return {sent_packets: integer, sent_bytes: integer, delivered_packets: integer, delivered_bytes: integer, duplicated: integer, corrupted: integer, reordered: integer, marked: integer, in_flight: integer, dropped: integer, drops: table<string, integer>}
function Link:stats(from) end

---Packets waiting now.
---@param from? Host|Router|string
---@return integer
function Link:queue(from) end

---Which packets a rule of a link means, and what becomes of them: dropped, unless `delay`.
---@class LinkRule
---@field flags? string    tcpdump's letters: "S", "S.", "P.", "F.", "R", ".", "none"
---@field with? "exactly"|"all of"|"any of"  how flags are compared; "exactly"
---@field from? Host|Router|string  an end (the direction), or whose packets: a node, address or prefix
---@field to? Host|Router|string
---@field proto? "tcp"|"udp"|"icmp"
---@field port? integer|string   80 or "1024-2047", source or destination
---@field sport? integer|string
---@field dport? integer|string
---@field data? boolean    segments with payload, or without
---@field nth? integer     from the nth that matches on; 1
---@field count? integer|"all"  so many; 1, with probability all
---@field probability? Share
---@field delay? Duration  later by this much, instead of dropped
---@field copy? boolean    with delay: a copy comes later, it itself goes its way
---@field comment? string  instead of "3rd S." in "rule: 3rd S."

---@class ActiveLinkRule
---@field matched integer  packets that matched so far
---@field hits integer     of these, dropped, delayed or copied
local ActiveLinkRule = {}

function ActiveLinkRule:remove() end

---A rule for packets from now on: "drop the 3rd packet with flags S.".
---@param rule LinkRule
---@return ActiveLinkRule
function Link:drop(rule) end

---@class Host
---@field name string
---@field address string
---@field integrity_violations integer  received bytes that were not those sent; always 0
---@field is_on boolean
local Host = {}

---@class Process
---@field pid integer
---@field name string
---@field alive boolean
local Process = {}

---SIGKILL: its descriptors are closed (FIN, or RST where data is unread).
function Process:kill() end

---Descriptors it may have, 0 to 2 among them; 0: no limit.
---@param what "nofile"
---@param n integer
function Process:limit(what, n) end

---@return Socket|nil, string? error, string? errno
function Host:tcp() end

---@return Udp|nil, string? error, string? errno
function Host:udp() end

---Starts a process of this host: f may block in sleep, accept, connect, send and receive.
---@param f fun(host: Host, ...)
---@return Process
---@overload fun(self: Host, name: string, f: fun(host: Host, ...), ...): Process
---@overload fun(self: Host, options: {name?: string, nofile?: integer}, f: fun(host: Host, ...), ...): Process
function Host:spawn(f, ...) end

---A DNS server over UDP: A and PTR answers from a zone, or for the names of all nodes there are.
---@param options? {zone?: table<string, string>, domain?: string, ttl?: integer, authoritative?: boolean, port?: integer}
---@return {queries: integer, answered: integer, nxdomain: integer}
function Host:dns(options) end

---Whom its resolver asks (/etc/resolv.conf); reads, or sets.
---@param server? string
---@return string address
function Host:nameserver(server) end

---Asks the name server, two tries of 5 s; blocks its process.
---@param name string
---@return string|nil address, string? error, string? code
function Host:lookup(name) end

---@return {pid: integer, name: string, files: integer, nofile: integer?}[]
function Host:processes() end

---@param which integer|string  a pid, or the name of processes
---@return integer killed  how many
function Host:kill(which) end

---Power fails: sockets, processes, timers, counters are gone, nothing is sent, what arrives vanishes.
function Host:power_off() end

---In order: every process is killed (FINs leave), then power goes.
---@param after? Duration  1 s
function Host:shutdown(after) end

---A fresh stack; then calls what on_boot() asked for.
function Host:boot() end

---@param f fun(host: Host)
function Host:on_boot(f) end

---@param time Duration
function Host:sleep(time) end

---@param time Duration
---@param f fun()
function Host:at(time, f) end

---@return number seconds
function Host:now() end

---@param options? {port?: integer, backlog?: integer, request?: Size, response?: Size, service_time?: Duration, accept_delay?: Duration, workers?: integer, keep_open?: boolean, start?: Duration, name?: string, nofile?: integer}
---@return ServerStats
function Host:serve(options) end

---Clients: open loop with rate, closed loop with users.
---@param target Target
---@param options {rate?: Frequency, users?: integer, spacing?: Spacing, shape?: number, think?: Duration, hold?: Duration, request?: Size, response?: Size, close_first?: boolean, connect_timeout?: Duration, start?: Duration, stop?: Duration, max?: integer}
---@return LoadStats
function Host:load(target, options) end

---Reads and throws away what comes to a port.
---@param port integer
---@return ServerStats
function Host:sink(port) end

---@param target Target
---@param options? {bytes?: Size, start?: Duration, stop?: Duration}
---@return BulkStats
function Host:bulk(target, options) end

---@param target Target
---@param options? {rate?: Frequency, spacing?: Spacing, spoof?: string, source_port_low?: integer, source_port_high?: integer, start?: Duration, stop?: Duration, max?: integer, mss?: integer, timestamps?: boolean, sack_permitted?: boolean, window_scale?: integer|false}
---@return SynFloodStats
function Host:synflood(target, options) end

---@param target string
---@param options? {count?: integer, interval?: Duration, size?: integer, ttl?: integer, start?: Duration}
---@return PingStats
function Host:ping(target, options) end

---The sequence number its next connection begins with, for once.
---@param n integer  0 to 4294967295
function Host:isn(n) end
---@class SeenPacket
---@field time number             seconds
---@field protocol "tcp"|"udp"|"icmp"
---@field source string           address
---@field destination string
---@field ttl integer
---@field length integer          octets of payload
---@field source_port integer
---@field destination_port integer
---@field from string             "10.0.0.1:40000"
---@field to string
---@field flags string            "S.", as tcpdump writes them
---@field seq integer             as sent
---@field ack integer
---@field window integer
---@field tsval? integer
---@field tsecr? integer
---@field type integer            of ICMP
---@field code integer

---Sends one TCP segment made by hand; false: there is no route.
---@param segment {from?: Target, to: Target, flags?: string, seq?: integer, ack?: integer, window?: integer, ttl?: integer, mss?: integer, tsval?: integer, tsecr?: integer, data?: string}
---@return boolean
function Host:send_segment(segment) end

---Calls f for each packet that this node receives, a host also sends; f may send, not block.
---@param filter string
---@param f fun(packet: SeenPacket)
---@overload fun(self: Host, f: fun(packet: SeenPacket))
function Host:sniff(filter, f) end

---Reads a sysctl, or writes it first.
---@param name string  "net.ipv4.tcp_syncookies"
---@param value? string|integer
---@return string
function Host:sysctl(name, value) end

---@param name string  nstat's, "TcpExtListenOverflows"
---@return integer
function Host:counter(name) end

---@return table<string, integer>
function Host:counters() end

---Half-open connections now, of a port or of all.
---@param port? integer
---@return integer
function Host:syn_queue(port) end

---Connections nobody has accepted yet, of a port or of all.
---@param port? integer
---@return integer
function Host:accept_queue(port) end

---The longest a listener's SYN queue has been so far.
---@param port? integer
---@return integer
function Host:syn_queue_peak(port) end

---The longest a listener's accept queue has been so far.
---@param port? integer
---@return integer
function Host:accept_queue_peak(port) end

---Packets that ended at this host's IP layer, by reason.
---@overload fun(self: Host): table<string, integer>
---@param reason string
---@return integer
function Host:dropped(reason) end

---As Router:firewall(), for what comes in and goes out here.
---@param options? {policy?: "accept"|"drop"|table<string, "accept"|"drop">, conntrack?: boolean, [integer]: FirewallRule}
---@return Firewall
function Host:firewall(options) end

---@return {count: integer, invalid: integer, insert_failed: integer, drop: integer, early_drop: integer}
function Host:conntrack() end

---@param flags? string  "-tan"
---@return string
function Host:ss(flags) end

---How many sockets are in a state, in ss's words: "syn-recv", "established", "time-wait".
---@param state string
---@param port? integer  local; all of them without
---@return integer
function Host:sockets(state, port) end

---Connections of this host in words: ":80" or ":80-user:40000".
---@param endpoint string
---@return string
function Host:explain(endpoint) end

---@param flags? string  "-az"
---@return string
function Host:nstat(flags) end

---A command line as typed at this host's prompt: "ss -tan state time-wait", "sar -n SOCK 1 5".
---Tools that take simulated time block: call them inside host:spawn(function(host) ... end).
---@param line string
---@return string out  what it printed
---@return integer? exit_code  nil: 0
function Host:sh(line) end

---Reads, or with a text writes, a file of this host, which `cat` and `sysctl -p` at its prompt read.
---@param path string  "/etc/sysctl.conf"
---@param text? string
---@return string?  nil: it is not there
function Host:file(path, text) end

---What each core has done so far, and what each event costs; nil without a CPU. Times in seconds.
---@return {runnable: integer, costs: table<string, number>, cores: {processed: integer, dropped: integer, time_squeeze: integer, backlog: integer, backlog_peak: integer, softirq: number, process: number}[]}?
function Host:cpu() end

---/proc/net/softnet_stat: as the kernel prints it, or with heads and decimal numbers.
---@param form? "proc"|"readable"
---@return string
function Host:softnet_stat(form) end

---Records for each core what share of each interval it spent, and in softirqs, and what waits in its backlog.
---@param interval Duration
---@return {utilisation: Series[], softirq: Series[], backlog: Series[]}
function Host:record_cpu(interval) end

---The calling process uses a core for so long; without a CPU, time passes.
---@param time Duration
function Host:compute(time) end

---@param prefix string
---@param next Host|Router|string
function Host:route(prefix, next) end

---@param prefix string
function Host:blackhole(prefix) end

---LuaSocket's TCP object. An outcome is nil, a word and the errno's name; misuse is an error.
---@class Socket
local Socket = {}

---@param address string  "*" for any
---@param port integer    0: chosen
---@return 1|nil, string? error, string? errno
function Socket:bind(address, port) end

---@param backlog? integer  32
---@return 1|nil, string? error, string? errno
function Socket:listen(backlog) end

---@return Socket|nil, string? error, string? errno
function Socket:accept() end

---@param target string  "web:80", or a host with the port beside it
---@param port? integer
---@return 1|nil, string? error, string? errno
function Socket:connect(target, port) end

---@param data string
---@param first? integer
---@param last? integer
---@return integer? index, string? error, integer? sent, string? errno
function Socket:send(data, first, last) end

---TCP Fast Open: sendto(2) with MSG_FASTOPEN. Connects, and where a cookie of the server is known
---the SYN carries the data already. A server allows it by `setoption("tcp-fastopen", pending)` and
---bit 0x2 of sysctl net.ipv4.tcp_fastopen. connect() and send() do the same after
---`setoption("tcp-fastopen-connect", true)`.
---@param target string "host:port", "10.0.0.1:80", or a host and the port apart
---@param port_or_data integer|string
---@param data? string
---@return integer? index, string? error, integer? sent, string? errno
function Socket:fastopen(target, port_or_data, data) end

---Bytes nobody looks at, checked end to end, at no cost per byte.
---@param count Size
---@return integer? count, string? error, integer? sent, string? errno
function Socket:send_synthetic(count) end

---@param pattern? "*l"|"*a"|integer
---@param prefix? string
---@return string? data, string? error, string? partial, string? errno
function Socket:receive(pattern, prefix) end

---Reads and throws away; all up to the end without a count.
---@param count? Size|"*a"
---@return integer? count, string? error, integer? done
function Socket:discard(count) end

---@param mode? "send"|"receive"|"both"
---@return 1|nil, string? error, string? errno
function Socket:shutdown(mode) end

---@return 1|nil, string? error, string? errno
function Socket:close() end

---Of each call from now on; nil or negative: for ever.
---@param timeout? Duration
function Socket:settimeout(timeout) end

---@param name string  LuaSocket's ("tcp-nodelay", "linger") or Linux's ("TCP_NODELAY", "SO_LINGER")
---@param value? boolean|integer|string|{on: boolean, timeout: Duration}|{peer: string, key: string}  a name for "tcp-congestion", a peer and its key for "tcp-md5sig"
---@return 1|nil, string? error, string? errno
function Socket:setoption(name, value) end

---@param name string
---@return integer|string|nil value, string? error, string? errno
function Socket:getoption(name) end

---@return integer received, integer sent, number age  seconds
function Socket:getstats() end

---@return string? address, integer|string port_or_error
function Socket:getsockname() end

---@return string? address, integer|string port_or_error
function Socket:getpeername() end

---Datagrams, with LuaSocket's names. An outcome is nil, a word, the errno's name.
---@class Udp
local Udp = {}

---@param address string  "*": any
---@param port integer
function Udp:setsockname(address, port) end

---@param address string  "*": no peer any more
---@param port? integer
function Udp:setpeername(address, port) end

---@param data string
---@return integer|nil, string? error, string? errno
function Udp:send(data) end

---@param data string
---@param address string
---@param port integer
---@return integer|nil, string? error, string? errno
function Udp:sendto(data, address, port) end

---@param size? integer  8192
---@return string|nil, string? error, string? errno
function Udp:receive(size) end

---@param size? integer  8192
---@return string|nil data, string address_or_error, integer|string port_or_errno
function Udp:receivefrom(size) end

---@param timeout? Duration
function Udp:settimeout(timeout) end

---@param name "recv-buffer-size"|"SO_RCVBUF"
---@param value integer
function Udp:setoption(name, value) end

---@return string address, integer port
function Udp:getsockname() end

---@return string address, integer port
function Udp:getpeername() end

function Udp:close() end

---@class ServerStats
---@field accepted integer
---@field accept_failed integer  EMFILE, ENFILE
---@field served integer
---@field closed integer
---@field failed integer
---@field bytes_received integer
---@field bytes_sent integer

---@class LoadStats
---@field attempts integer
---@field connected integer
---@field first_syn_connected integer
---@field failed integer
---@field pending integer
---@field completed integer
---@field broken integer
---@field bytes_sent integer
---@field bytes_received integer
---@field errors table<string, integer>  by errno's name
---@field connect_success number    share of the attempts
---@field first_syn_success number  share of the attempts
---@field connect_mean_ms number?
---@field connect_p50_ms number?
---@field connect_p90_ms number?
---@field connect_p99_ms number?
---@field connect_max_ms number?
---@field complete_mean_ms number?
---@field complete_p50_ms number?
---@field complete_p90_ms number?
---@field complete_p99_ms number?
---@field complete_max_ms number?
local LoadStats = {}

---@param what "connect"|"complete"
---@param q Share
---@return number? milliseconds
function LoadStats:quantile(what, q) end

---@class BulkStats
---@field bytes_sent integer
---@field bytes_acked integer
---@field connected number?  seconds
---@field finished number?   seconds
---@field bits_per_second number
---@field error string?      errno's name

---@class SynFloodStats
---@field syns_sent integer
---@field synacks_received integer
---@field rsts_received integer

---@class PingStats
---@field sent integer
---@field received integer
---@field replies {sequence: integer, from: string, ttl: integer, rtt_ms: number, what: string}[]

---A time series; #series is how many samples it has.
---@class Series
---@field name string
---@field interval number  seconds
---@field start number     seconds
---@field values number[]
---@field max number?
---@field min number?
---@field mean number?
---@field last number?
