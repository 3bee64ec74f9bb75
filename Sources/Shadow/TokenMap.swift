// TokenMap: which token of Martlet's stands for which of the old service's. The old ones are kept as digests alone; Martlet's, which
// have to be sent, are in memory and nowhere else. Bounded: what was not used for long is forgotten.

import MartletCryptography
import Synchronization

/// The map of tokens. May be used from several threads.
package final class TokenMap: Sendable {
    /// A request for Martlet, or why there is none.
    package enum Translation: Sendable {
        /// The request with Martlet's tokens; `used` are the pairs by their places.
        case request(RelayedRequest, used: [String: (old: String, new: String)])
        /// It has a token that Martlet has no counterpart of.
        case notMapped
    }

    private struct Key: Hashable {
        let words: [UInt64]

        init(_ text: String) {
            let digest = Digest.sha256.hash(Array(text.utf8))
            words = stride(from: 0, to: digest.count, by: 8).map { start in
                digest[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
            }
        }
    }

    private struct Entry {
        var session: UInt64
        /// Nil while Martlet has not answered, and when it gave none.
        var counterpart: String?
    }

    private struct State {
        var recent: [Key: Entry] = [:]
        var older: [Key: Entry] = [:]
        var lastSession: UInt64 = 0

        mutating func entry(_ key: Key, capacity: Int) -> Entry? {
            if let entry = recent[key] { return entry }
            guard let entry = older.removeValue(forKey: key) else { return nil }
            set(key, entry, capacity: capacity)
            return entry
        }

        /// Two generations: when the recent one is full it becomes the older, and what was there is forgotten.
        mutating func set(_ key: Key, _ entry: Entry, capacity: Int) {
            if recent.count >= capacity, recent[key] == nil {
                older = recent
                recent = [:]
            }
            older[key] = nil
            recent[key] = entry
        }
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// A map that remembers `capacity` old tokens at least, and twice as many at most.
    package init(capacity: Int = 32_768) {
        self.capacity = max(1, capacity)
    }

    /// Takes note of the tokens that the old service just gave out, before the frontend can use them.
    /// - Returns: the session that the exchange belongs to, by the tokens of its request or its answer; nil when neither has any.
    package func note(_ request: RelayedRequest, _ answer: RelayedAnswer) -> UInt64? {
        let asked = request.carried.filter { Self.mayBeToken($0.text) }.map { Key($0.text) }
        let given = answer.status < 300 ? answer.tokens.values.map(Key.init) : []
        return state.withLock { state in
            var session: UInt64?
            for key in asked where session == nil { session = state.entry(key, capacity: capacity)?.session }
            if session == nil, !given.isEmpty {
                state.lastSession += 1
                session = state.lastSession
            }
            guard let session else { return nil }
            for key in given where state.entry(key, capacity: capacity) == nil {
                state.set(key, Entry(session: session), capacity: capacity)
            }
            return session
        }
    }

    /// The request with Martlet's tokens in the places of the old ones. What is no token at all stays as it is.
    package func translate(_ request: RelayedRequest) -> Translation {
        var used: [String: (old: String, new: String)] = [:]
        var isMapped = true
        let translated = request.replacing { place, text in
            guard Self.mayBeToken(text) else { return nil }
            let key = Key(text)
            guard let entry = state.withLock({ $0.entry(key, capacity: capacity) }) else {
                if TokenText(text) != nil { isMapped = false }
                return nil
            }
            guard let counterpart = entry.counterpart else {
                isMapped = false
                return nil
            }
            used[place] = (text, counterpart)
            return counterpart
        }
        return isMapped ? .request(translated, used: used) : .notMapped
    }

    /// Learns from two answers to one request which tokens stand for each other. Where only one of the services gave a new token
    /// in a place, the other's token of the request goes on.
    package func learn(old: RelayedAnswer, new: RelayedAnswer, used: [String: (old: String, new: String)]) {
        guard old.status < 300, new.status < 300 else { return }
        let (old, new) = (old.tokens, new.tokens)
        var pairs: [(Key, String)] = []
        for (place, text) in old {
            if let counterpart = new[place] ?? used[place]?.new { pairs.append((Key(text), counterpart)) }
        }
        for (place, text) in new where old[place] == nil {
            if let before = used[place]?.old { pairs.append((Key(before), text)) }
        }
        state.withLock { state in
            for (key, counterpart) in pairs {
                guard var entry = state.entry(key, capacity: capacity) else { continue }
                entry.counterpart = counterpart
                state.set(key, entry, capacity: capacity)
            }
        }
    }

    /// Short texts and long ones are never hashed.
    private static func mayBeToken(_ text: String) -> Bool { (16...16 * 1024).contains(text.utf8.count) }
}
