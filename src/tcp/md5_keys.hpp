// Keys of TCP_MD5SIG (RFC 2385) by peer, as one socket has them. Data only; md5_signature acts on
// it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "netsim/address.hpp"

namespace netsim::tcp {

struct Md5Key {
    Prefix peers;
    std::string secret;
};

/// A socket has a handful of keys.
class Md5Keys {
 public:
    /// The key for a peer, of the longest prefix; null: none. Linux __tcp_md5_do_lookup().
    const Md5Key* find(Ipv4 peer) const {
        const Md5Key* best = nullptr;
        for (const Md5Key& key : keys_) {
            if (key.peers.contains(peer) &&
                (best == nullptr || key.peers.length > best->peers.length)) {
                best = &key;
            }
        }
        return best;
    }

    void set(Md5Key key) {
        for (Md5Key& known : keys_) {
            if (known.peers == key.peers) {
                known = std::move(key);
                return;
            }
        }
        keys_.push_back(std::move(key));
    }

    /// False: there was none.
    bool remove(Prefix peers) {
        return std::erase_if(keys_, [&](const Md5Key& key) { return key.peers == peers; }) > 0;
    }

 private:
    std::vector<Md5Key> keys_;
};

}  // namespace netsim::tcp
