// CodeVerbs: codes of authorization responses and of devices, each redeemed once; requests that were pushed; proofs that count once.

import MartletEncoding
import Store

extension SQLReads {
    func pushedRequest(_ hash: [UInt8], ofClient client: String, at now: UnixTime) throws(StoreError) -> String? {
        try connection.first(Statements.pushedRequest, [.blob(hash), .text(client), .time(now)]) { row throws(StoreError) in row.text(0) }
    }

    func deviceRequest(userCodeHash: [UInt8], at now: UnixTime) throws(StoreError) -> DeviceRequest? {
        try connection.first(Statements.deviceRequestByUserCode, [.blob(userCodeHash), .time(now)]) { row throws(StoreError) in
            try row.deviceRequest()
        }
    }
}

extension SQLTransaction {
    // MARK: Authorization codes

    func addCode(_ code: AuthorizationCode, at now: UnixTime) throws(StoreError) {
        note(now)
        try connection.run(
            Statements.insertCode,
            [
                .blob(code.hash), .text(code.clientID), .text(code.userID.text), .text(code.redirectURI), .blob(code.challenge),
                .optional(code.proofKey), .text(code.scope), .text(code.details), .optional(code.browserSession), .time(code.expiresAt),
                .time(code.expiresAt.adding(seconds: AuthorizationCode.rememberedSeconds)),
            ])
    }

    func redeemCode(
        _ redemption: CodeRedemption, maximumPerUser: Int, audit: AuditContext, at now: UnixTime,
        session: (AuthorizationCode) -> NewSession?
    ) throws(StoreError) -> CodeRedemptionOutcome {
        note(now)
        let found = try connection.first(Statements.code, [.blob(redemption.hash)]) { row throws(StoreError) in
            (code: row.authorizationCode(), session: row.optionalText(10))
        }
        guard let (code, redeemedFor) = found else { return .refused }
        let isRight = isRight(redemption, for: code)
        if let redeemedFor {
            if isRight { return .refused }
            if let row = try sessionToEnd(SessionID(redeemedFor), at: now) { try end(row, reason: "authorization code replayed", at: now) }
            try record(
                .codeReplayed, target: "session:\(redeemedFor)", result: .failure, detail: "client \(redemption.clientID)", audit: audit,
                at: now)
            return .replayed
        }
        guard isRight, code.expiresAt > now, let user = try user(code.userID), user.isActive else { return .refused }
        guard let new = session(code) else { return .declined }
        guard try isCurrent(refreshKey: new.refreshKeyID) else { return .staleKeys }
        try connection.run(Statements.redeemCode, [.blob(code.hash), .text(new.id.text)])
        if let browser = code.browserSession {
            try noteClient(code.clientID, of: new.signIn ?? browser, in: browser, user.id, until: new.expiresAt)
        }
        return .redeemed(code, try open(new, for: user, maximumPerUser: maximumPerUser, audit: audit, at: now), user)
    }

    /// RFC 6749 §4.1.3 and RFC 7636 §4.6: issued to this client, for this redirect URI if one is named, and its verifier.
    private func isRight(_ redemption: CodeRedemption, for code: AuthorizationCode) -> Bool {
        redemption.clientID.utf8.elementsEqual(code.clientID.utf8)
            && redemption.redirectURI.map { $0.utf8.elementsEqual(code.redirectURI.utf8) } ?? true
            && isEqual(redemption.verifierHash, code.challenge)
            // RFC 9449 §10: a code that was bound to a key is for that key alone.
            && (code.proofKey == nil || code.proofKey == redemption.proofKey)
    }

    // MARK: Pushed requests

    func addPushedRequest(
        _ hash: [UInt8], ofClient client: String, parameters: String, until: UnixTime, at now: UnixTime
    ) throws(StoreError) {
        note(now)
        try connection.run(Statements.insertPushedRequest, [.blob(hash), .text(client), .text(parameters), .time(until)])
    }

    func removePushedRequest(_ hash: [UInt8]) throws(StoreError) {
        try connection.run(Statements.deletePushedRequest, [.blob(hash)])
    }

    // MARK: Devices

    func addDeviceRequest(_ request: DeviceRequest, at now: UnixTime) throws(StoreError) -> Bool {
        note(now)
        let isTaken = try connection.first(Statements.deviceRequestByUserCode, [.blob(request.userCodeHash), .time(now)]) {
            _ throws(StoreError) in true
        }
        guard isTaken == nil else { return false }
        // One whose time is over may stand in the way until it is purged.
        try connection.run(Statements.deleteDeviceRequestByUserCode, [.blob(request.userCodeHash)])
        try connection.run(
            Statements.insertDeviceRequest,
            [
                .blob(request.deviceCodeHash), .blob(request.userCodeHash), .text(request.clientID), .optional(request.proofKey),
                .text(request.scope), .text(JSONColumn.write(request.resources)), .text(request.state.rawValue),
                .integer(request.interval), .time(request.expiresAt),
            ])
        return true
    }

    func decideDeviceRequest(
        userCodeHash: [UInt8], _ decision: DeviceDecision, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> Bool {
        note(now)
        guard let request = try deviceRequest(userCodeHash: userCodeHash, at: now), request.state == .pending else { return false }
        switch decision {
        case .approve(let user, let scope, let details, let browser):
            guard try self.user(user)?.isActive == true else { return false }
            try connection.run(
                Statements.approveDeviceRequest,
                [.blob(userCodeHash), .text(user.text), .text(scope), .text(details), .optional(browser)])
            try audited(.deviceApproved, "client:\(request.clientID)", scope, by: audit, at: now)
        case .deny:
            try connection.run(Statements.denyDeviceRequest, [.blob(userCodeHash)])
            try audited(.deviceDenied, "client:\(request.clientID)", by: audit, at: now)
        }
        return true
    }

    func pollDevice(
        deviceCodeHash: [UInt8], clientID: String, proofKey: String?, maximumPerUser: Int, audit: AuditContext, at now: UnixTime,
        session: (DeviceRequest) -> NewSession?
    ) throws(StoreError) -> DevicePollOutcome {
        note(now)
        let found = try connection.first(Statements.deviceRequest, [.blob(deviceCodeHash)]) { row throws(StoreError) in
            try row.deviceRequest()
        }
        guard let request = found, request.clientID.utf8.elementsEqual(clientID.utf8), request.state != .redeemed,
            request.proofKey == nil || request.proofKey == proofKey
        else { return .refused }
        guard request.expiresAt > now else { return .expired }
        let isTooFast = request.polledAt.map { now < $0.adding(seconds: request.interval) } ?? false
        try connection.run(
            Statements.notePoll, [.blob(deviceCodeHash), .time(now), .integer(request.interval + (isTooFast ? Self.slowDownSeconds : 0))])
        guard !isTooFast else { return .slowDown }
        switch request.state {
        case .pending: return .pending
        case .denied: return .denied
        case .redeemed: return .refused
        case .approved:
            guard let id = request.userID, let user = try user(id), user.isActive, let new = session(request) else { return .denied }
            guard try isCurrent(refreshKey: new.refreshKeyID) else { return .staleKeys }
            try connection.run(Statements.redeemDeviceRequest, [.blob(deviceCodeHash)])
            if let browser = request.browserSession {
                try noteClient(clientID, of: new.signIn ?? browser, in: browser, user.id, until: new.expiresAt)
            }
            return .redeemed(request, try open(new, for: user, maximumPerUser: maximumPerUser, audit: audit, at: now), user)
        }
    }

    /// RFC 8628 §3.5: "the interval MUST be increased by 5 seconds for this and all subsequent requests".
    private static let slowDownSeconds: Int64 = 5

    // MARK: Proofs

    func useOnce(_ hash: [UInt8], until: UnixTime, at now: UnixTime) throws(StoreError) -> Bool {
        note(now)
        try connection.run(Statements.insertUsedProof, [.blob(hash), .time(until), .time(now)])
        return connection.changes == 1
    }
}

extension SQLiteStatement {
    fileprivate func authorizationCode() -> AuthorizationCode {
        AuthorizationCode(
            hash: blob(0), clientID: text(1), userID: UserID(text(2)), redirectURI: text(3), challenge: blob(4), proofKey: optionalText(5),
            scope: text(6), details: text(7), browserSession: optionalText(8), expiresAt: time(9))
    }

    fileprivate func deviceRequest() throws(StoreError) -> DeviceRequest {
        guard let state = DeviceRequest.State(rawValue: text(6)) else {
            throw .incompatible(detail: "the database has a device request in the unknown state \(text(6))")
        }
        return DeviceRequest(
            deviceCodeHash: blob(0), userCodeHash: blob(1), clientID: text(2), proofKey: optionalText(3), scope: text(4),
            resources: try JSONColumn.read(text(5)), state: state, userID: optionalText(7).map(UserID.init), details: optionalText(8),
            browserSession: optionalText(9), interval: integer(10), polledAt: optionalTime(11), expiresAt: time(12))
    }
}
