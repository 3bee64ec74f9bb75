// TokenVerifier+Waiting: verifying for callers that can wait. A token whose key is just being fetched is worth some patience,
// but no thread: whoever waits is called back, or suspended.
public import MartletEncoding
import Synchronization

extension TokenVerifier {
    /// Verifies a token; if its key is being fetched, waits for that, two seconds at most, and tries once more.
    ///
    /// `clock` says what time it is. Throws ``VerificationFailure/keyPending`` when the time was not enough.
    public func verify(
        _ token: String, requiring scope: String? = nil, clock: @Sendable () -> UnixTime
    ) async throws(VerificationFailure) -> VerifiedToken {
        do throws(VerificationFailure) {
            return try verify(token, at: clock(), requiring: scope)
        } catch .keyPending {
            await settled()
            return try verify(token, at: clock(), requiring: scope)
        }
    }

    /// The same for a token that came with a proof.
    public func verify(
        _ token: String, proof: PresentedProof, requiring scope: String? = nil, clock: @Sendable () -> UnixTime
    ) async throws(VerificationFailure) -> VerifiedToken {
        do throws(VerificationFailure) {
            return try verify(token, proof: proof, at: clock(), requiring: scope)
        } catch .keyPending {
            await settled()
            return try verify(token, proof: proof, at: clock(), requiring: scope)
        }
    }

    /// Calls `resume` once, when trying again a token that was ``VerificationFailure/keyPending`` makes sense.
    package func whenSettled(_ resume: @escaping @Sendable () -> Void) {
        keys.whenSettled(resume)
    }

    private func settled() async {
        await withCheckedContinuation { continuation in
            let once = Once(continuation)
            keys.whenSettled { once.resume() }
            Task {
                try? await Task.sleep(for: .milliseconds(Self.longestWait))
                once.resume()
            }
        }
    }

    /// Milliseconds that a token waits for its key.
    package static let longestWait: Int64 = 2000
}

/// Resumes a continuation for whoever comes first.
private final class Once: Sendable {
    private let continuation: Mutex<CheckedContinuation<Void, Never>?>

    init(_ continuation: CheckedContinuation<Void, Never>) {
        self.continuation = Mutex(continuation)
    }

    func resume() {
        let waiting = continuation.withLock { held in
            defer { held = nil }
            return held
        }
        waiting?.resume()
    }
}
