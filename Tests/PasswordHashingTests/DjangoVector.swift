// DjangoVector: stored passwords that Django itself made and checked: `hasher.encode(password, salt, …)` of django.contrib.auth.hashers,
// each then given to `check_password` with the right password and a wrong one. Django 5.2.19 with argon2-cffi 25.1.0 and bcrypt 4.3.0;
// sha1 and the unsalted ones with Django 4.2.30, the last to have them. Costs are turned down but for one row of each default
// (`make_password`). argon2i and argon2d: the hasher's `params().type` overridden; 2a and 2y: the salt's prefix.
import Testing

struct DjangoVector: Sendable, CustomTestStringConvertible {
    let algorithm: String
    let password: Password
    let encoded: String

    enum Password: String, Sendable, CaseIterable {
        case ascii = "correct horse battery staple"
        case unicode = "pässwörd ☃ 密码 🔑"
        case nul = "nul\0inside"
        case empty = ""
        /// 100 bytes, of which bcrypt takes 72.
        case long =
            "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

        var bytes: [UInt8] { Array(rawValue.utf8) }
    }

    var testDescription: String { "\(algorithm), \(password)" }

    init(_ algorithm: String, _ password: Password, _ encoded: String) {
        self.algorithm = algorithm
        self.password = password
        self.encoded = encoded
    }

    /// Those that this system can check: macOS has no bcrypt.
    static let checkable: [DjangoVector] = {
        #if os(Linux)
            all
        #else
            all.filter { !$0.algorithm.hasPrefix("bcrypt") }
        #endif
    }()

    static let all: [DjangoVector] = [
        DjangoVector("pbkdf2_sha256", .ascii, "pbkdf2_sha256$1000$beSBMsC5NZ2IbKzEDsm3hl$sHrkfby2OvysIQf5qXvxRdZ014yPOZXUsfKZPwUYPjo="),
        DjangoVector("pbkdf2_sha256", .unicode, "pbkdf2_sha256$1$sält$QXFIJBd+JJI1bjpR4Fe5TjSzhd9/LWsLyRLzRyd3Nyg="),
        DjangoVector("pbkdf2_sha256", .long, "pbkdf2_sha256$777$Q8pFMZ9dD3fTYC1a1qwrjG$/G/Nk5LgEDy0Y7yuIsan38kdkSGEMRc1rntzulqrxEw="),
        DjangoVector("pbkdf2_sha256", .nul, "pbkdf2_sha256$2$ORPZ8PagWTYz2xXS8HhThY$2RtHORQxoSGqsP2OTgNRo3/x03MlOGCNETHL6PaYiMs="),
        DjangoVector("pbkdf2_sha256", .empty, "pbkdf2_sha256$1001$M29hxOVvzbMw6q3ec9mwJn$FvMQ/xdFui88zvyL3ZA85JclSftN2CGqIa6y24ur748="),
        DjangoVector("pbkdf2_sha1", .ascii, "pbkdf2_sha1$1000$ZQxq0Hl6oamqCY0ky8zzcP$t+xjRRJ/Lyc6VH+4o15/bRvgxBk="),
        DjangoVector("pbkdf2_sha1", .unicode, "pbkdf2_sha1$1$sält$PQNVV3o922R8h8b/lufRW82WYtg="),
        DjangoVector("pbkdf2_sha1", .long, "pbkdf2_sha1$777$mUxymWjMxQwGuft2K6Ho4Q$uW+H6km/5xZLyITEqybOVKiJA1I="),
        DjangoVector("pbkdf2_sha1", .nul, "pbkdf2_sha1$2$zOGSOxRHHg78Q6h7hI9ljX$H0etWpDwJKA/UPU8dingreyPV+0="),
        DjangoVector("pbkdf2_sha1", .empty, "pbkdf2_sha1$1001$vyxAfh8ZBdvaYtaE0xUbng$gHlOd97Avkog6QKr1IJE5GLZrYE="),
        DjangoVector("pbkdf2_sha256", .ascii, "pbkdf2_sha256$1000000$l1yKxDgVimMdMqZ1poh8Wf$qbUSluVfxHnWqSVXf6QicfShMZPTuO3URk+jqwzf4Kg="),
        DjangoVector(
            "argon2", .ascii,
            "argon2$argon2id$v=19$m=64,t=1,p=1$Skx4RUoyWEhZRDBaa0lEZU82Y3BQUQ$3nqm4SnKDaTKK64n9KCdaQOXhx1iIDCBc41E33EAJNI"),
        DjangoVector(
            "argon2", .unicode,
            "argon2$argon2id$v=19$m=64,t=1,p=1$eWg5THVRSkZDU2JwSGxxdnhPNjVvYQ$WViyr61lvMj6nszl6Rq+DvKnBMOPl03vadcTQXzmJdg"),
        DjangoVector(
            "argon2", .long,
            "argon2$argon2id$v=19$m=64,t=1,p=1$NWxvY2ZkSnhzUzhTaEI2aWtpR3QxQQ$nWO42nbQaSYgn698vabYABFPtFeUkIQzGI7gwyUvqfo"),
        DjangoVector(
            "argon2", .nul,
            "argon2$argon2id$v=19$m=64,t=1,p=1$MFl3UllmaU5nT2VaaFdsOXpTRkNxTQ$nj3W0F7z1bsD0Xk6aExRocU5WsvoJRu7+w5GM8KjMVY"),
        DjangoVector(
            "argon2", .empty,
            "argon2$argon2id$v=19$m=64,t=1,p=1$SDJvOU00UFNYQUpvUnF2MHAzaUQ2Tw$s14a3/dj+CeR2cQAZk8Ui6K6HkvZo+4LGGon3KH+lo4"),
        DjangoVector(
            "argon2", .unicode,
            "argon2$argon2i$v=19$m=64,t=2,p=2$Q1hGMEQ4Y0FCdTlwa2hORnJ4MWRLdA$/GxLfG1cgnjvVJ1tIscdviD2NdeXmjJdHN+JFNw4fi8"),
        DjangoVector(
            "argon2", .unicode,
            "argon2$argon2d$v=19$m=64,t=2,p=2$bHl3bngxUVhndEdIM1Y1T2VVdTBMdA$XKtXB0Wo7sJPRLT2GPntgH/EdxMxzBr2W113gbYfHX4"),
        DjangoVector(
            "argon2", .ascii,
            "argon2$argon2id$v=19$m=102400,t=2,p=8$UWphUHd5SUxyVHBHb0hrM1BzeldGSA$SpaRoCe2vNHKc2QzibS2Mro00uLgJPLxIBnw1kc2zCY"),
        DjangoVector("bcrypt", .ascii, "bcrypt$$2b$04$if9nsp6/ALP4OBMbKNzuSuQmdkp72.qdXYx9J5tEPkygCSJ0W57IK"),
        DjangoVector("bcrypt", .unicode, "bcrypt$$2b$04$ARs6hdF0mLXoad1m0xOfYuQyi/L76egM85WsodAw.V.8bIfxPN29e"),
        DjangoVector("bcrypt", .long, "bcrypt$$2b$04$ouLnqceEdN/PerL.JtmgUuJp5PjvvJiqk3WCJfZTvkiLHsOrnVfve"),
        DjangoVector("bcrypt", .empty, "bcrypt$$2b$04$STOCGu7E.VCADdQJH7pDjuYNYhd/ROTq/1sDDCvw1iIFme2bFV8z2"),
        DjangoVector("bcrypt", .unicode, "bcrypt$$2a$04$Hvdndo7zmYZ9uz35J.oWKurq0cKgwMmKkEYEJzbAJzLZBouvuPKf."),
        DjangoVector("bcrypt", .unicode, "bcrypt$$2y$05$dh9IhmcMfaqEVfp0z98VTugAgprFw4sXINdSuyQN5F1XnhAk6QaTS"),
        DjangoVector("bcrypt_sha256", .ascii, "bcrypt_sha256$$2b$04$etZiPtYewE1sJ761XhMfhuRJlA8wl5.Lg27rcJslFpAb2V96bNbDa"),
        DjangoVector("bcrypt_sha256", .unicode, "bcrypt_sha256$$2b$04$EYfz7sRO.2OV0s.7rGxNvukhPNFuHCDtfRJcPOpvnC7hleyPMgrgu"),
        DjangoVector("bcrypt_sha256", .long, "bcrypt_sha256$$2b$04$EMppyHUnBYnbY5Fo0.LOleCmkyt5pTyylstfcgwEBvuHCbQezM.YC"),
        DjangoVector("bcrypt_sha256", .nul, "bcrypt_sha256$$2b$04$ftmJmuVmls1OAq4D7FzTAOIy8FTX3AVKCpWat0B9lv6FNyUNEt29S"),
        DjangoVector("bcrypt_sha256", .empty, "bcrypt_sha256$$2b$04$KAQ7RfPwLwcx1YMoR4yAnugOoHn4LV04U7arqiY5KOhJORizDlIC6"),
        DjangoVector("bcrypt_sha256", .unicode, "bcrypt_sha256$$2a$04$QSUNALhRCwzIM2dTwUSZx./PiE5LttYYLaBwQXf.uFJCVi1CKL7Vu"),
        DjangoVector("bcrypt_sha256", .unicode, "bcrypt_sha256$$2y$05$ER3PxYbs8lxewrlCGitKqegUFFaiGiYqYvHWRknRkd64NUqxTz0cS"),
        DjangoVector("bcrypt_sha256", .ascii, "bcrypt_sha256$$2b$12$2lEmej2O4qW5YEK6Dcq2nOse9S03/ENZMUqb9jKcwlF3TawT/XfgG"),
        DjangoVector(
            "scrypt", .ascii,
            "scrypt$1024$BoUz57tETIpkKnl4$8$1$sJ+c1FTBk4DV80YxlJeoO0xB9oGu1rDYX2iaN+0RCsyBZr5dfOYJQDmTCmK23QllIe/9OFo5YhAJmrHhD7hpFA=="),
        DjangoVector(
            "scrypt", .unicode,
            "scrypt$16$sält$1$1$Vl8gIGSPfdl/r8uiziXPOrrLIyyyk4P3pR7jp/yCm8du2xHTij+TrwJI6SuzgOc4PhVAcJo6s4W/ik9HpROBPw=="),
        DjangoVector(
            "scrypt", .long,
            "scrypt$64$feMc9bruwf658TMR$8$5$LVCk9dN5mLMGn0KLp0ZrV1/tZZ2S12Q3AmzG2KxtL14ilwxUXB3vB5E/esGs25JzbL80NbnFwM75quvDJtcpSA=="),
        DjangoVector(
            "scrypt", .nul,
            "scrypt$2$4jC3icH2mBfKVs2X$2$16$81inwR71YE0zjaHHEiCDipmpxVUtG+sOdXvxKby/kZgxf6w1avYrBRRRGB24GSIj0f4Szxdac6llT8yv9BOpYw=="),
        DjangoVector(
            "scrypt", .empty,
            "scrypt$16$94a1RTPM4MZcFRLv$32$2$79yddTFPFE0YOGG9N7MPO1HrmYi7387xIHqOnoRNxuN70jOaCyD15yjF3UI7pImDEN7WO9cStk4WgkpPnGyY8A=="),
        DjangoVector(
            "scrypt", .ascii,
            "scrypt$16384$EaKSdyWWmIHAtnar$8$5$ZGeJlw6me2Lbp8YaNHvItZu+CULA/+CeuMOU7DtovMiZJHbJOHs6lXL+9UN/IWNrhiW8c/YD3um1ofykVTND1Q=="),
        DjangoVector("md5", .ascii, "md5$1N8s44TN8nD3jexIGIVDja$682caab26640c756bd07724727ef6ac8"),
        DjangoVector("md5", .unicode, "md5$sält$17a8096c38dc28f13415d14f2c58fd47"),
        DjangoVector("md5", .long, "md5$pOevgZeaVpwFi6MOS0GoiK$a7786d2ada9fe4d627753cb891936527"),
        DjangoVector("md5", .nul, "md5$vZ4dmq8ENL8EsQpYBifu3D$8a00f4a5e56710edfd6b94aa716930e8"),
        DjangoVector("md5", .empty, "md5$v4rPGC3fFIkOrfrHS1Dodz$78e475f854d2833281137b8657fc4ed0"),
        DjangoVector("sha1", .ascii, "sha1$N6P5PgdO9qB34LCsI1Ygm9$efd0f6fe261031cb240471cb40a3b6cdd791db76"),
        DjangoVector("sha1", .unicode, "sha1$sält$ff8a6f96881b1234c36bd1b17e3cb0fdfc06700c"),
        DjangoVector("sha1", .long, "sha1$CFO3anEqH6qvjgPEDhCZ9G$1212081e90d688b1c2357ced2d2cf06aa8b85b0b"),
        DjangoVector("sha1", .nul, "sha1$670k08PnDgYtgnyQK7sypZ$0b316886d86a0e7ab6faa180cd5e98af2a708ecf"),
        DjangoVector("sha1", .empty, "sha1$KvjlPK6IqagydwIpwRm4eQ$36247c01a6b9e146847a8cb29ffcf84ace35b720"),
        DjangoVector("unsalted_md5", .ascii, "9cc2ae8a1ba7a93da39b46fc1019c481"),
        DjangoVector("unsalted_sha1", .ascii, "sha1$$abf7aad6438836dbe526aa231abde2d0eef74d42"),
        DjangoVector("unsalted_md5", .unicode, "d6e975d78d47bd34907e4aa50d539129"),
        DjangoVector("unsalted_sha1", .unicode, "sha1$$fc7a930fbc978af1841eb2273e64463f090fbae0"),
        DjangoVector("unsalted_md5", .long, "7a08b07e84641703e5f2c836aa59a170"),
        DjangoVector("unsalted_sha1", .long, "sha1$$29b0e7878271645fffb7eec7db4a7473a1c00bc1"),
        DjangoVector("unsalted_md5", .nul, "1b33aa4c935a159e99d4af890c282341"),
        DjangoVector("unsalted_sha1", .nul, "sha1$$13dbfdec3d7abee13826312ddf1bf126d9ccdd49"),
        DjangoVector("unsalted_md5", .empty, "d41d8cd98f00b204e9800998ecf8427e"),
        DjangoVector("unsalted_sha1", .empty, "sha1$$da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        DjangoVector("unsalted_md5", .ascii, "md5$$9cc2ae8a1ba7a93da39b46fc1019c481"),
    ]
}
