// FleetTiers: tiers under the fleet's seal. What comes from Redis or a disk decides who is believed, so every value carries a
// MAC that binds it to its name: whoever can write there but does not hold the secret can only make it unreadable.
//
//     sealed value = HMAC-SHA-256(secret, "martlet-tier-1" 0 name 0 value) value

import MartletCryptography

/// Where fetched keys are kept below a process's memory, in the order in which they are asked.
public struct FleetTiers: Sendable {
    private let tiers: [any Tier]
    private let seal: HMACKey

    /// Tiers that share a secret of 32 bytes or more; nil for a shorter one.
    public init?(_ tiers: [any Tier], secret: [UInt8]) {
        guard secret.count >= 32 else { return nil }
        self.tiers = tiers
        seal = HMACKey(secret)
    }

    /// The values under this name that bear the seal, one of each tier at most, in the tiers' order. A tier that fails has none.
    func read(_ name: String) -> [[UInt8]] {
        tiers.compactMap { tier in
            guard let sealed = try? tier.read(name), sealed.count > HMACKey.codeLength else { return nil }
            let value = Array(sealed[HMACKey.codeLength...])
            guard seal.isValid(code: Array(sealed[..<HMACKey.codeLength]), for: Self.sealed(name, value)) else { return nil }
            return value
        }
    }

    /// Puts a value into every tier that works.
    func write(_ name: String, _ value: [UInt8], lifetime: Int64) {
        let sealed = seal.code(for: Self.sealed(name, value)) + value
        for tier in tiers { try? tier.write(name, sealed, lifetime: lifetime) }
    }

    /// Whether the caller is the one to fetch; a tier that fails keeps nobody from it.
    func lock(_ name: String, milliseconds: Int64) -> Bool {
        for (place, tier) in tiers.enumerated() where (try? tier.lock(name, milliseconds: milliseconds)) == false {
            for earlier in tiers[..<place] { earlier.unlock(name) }
            return false
        }
        return true
    }

    /// Ends what ``lock(_:milliseconds:)`` began.
    func unlock(_ name: String) {
        for tier in tiers { tier.unlock(name) }
    }

    private static func sealed(_ name: String, _ value: [UInt8]) -> [UInt8] {
        Array("martlet-tier-1".utf8) + [0] + Array(name.utf8) + [0] + value
    }
}
