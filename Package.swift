// swift-tools-version: 6.2
// Layers, strictly downward: a target depends only on targets that stand above it in this list, and
// `swift build --explicit-target-dependency-import-check error` refuses the rest (docs/architecture.md).
import PackageDescription

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        // For `make test`: no warning of ours passes.
    ] + (Context.environment["WARNINGS_ARE_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)])

/// A layer whose folder has a plain name; `module` carries the prefix where a consumer's app would link it.
func layer(_ module: String, _ folder: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: module, dependencies: dependencies, path: "Sources/\(folder)", swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
]
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "martlet",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "MartletVerifier", targets: ["MartletVerifier", "MartletJOSE", "MartletEncoding", "MartletThreads"]),
        .library(name: "MartletVerifierCurl", targets: ["MartletVerifierCurl"]),
        .library(name: "MartletVerifierRedis", targets: ["MartletVerifierRedis"]),
        .executable(name: "martlet", targets: ["Martlet"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CMartletOpenSSL", path: "Sources/SystemLibraries/COpenSSL", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(
            name: "CArgon2", path: "Sources/SystemLibraries/CArgon2", pkgConfig: "libargon2",
            providers: [.apt(["libargon2-dev"]), .brew(["argon2"])]),
        .systemLibrary(
            name: "CSQLite", path: "Sources/SystemLibraries/CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
        .target(
            name: "CMartletCrypt", path: "Sources/SystemLibraries/CCrypt",
            linkerSettings: [.linkedLibrary("crypt", .when(platforms: [.linux]))]),
        .target(name: "CMartletCurl", path: "Sources/SystemLibraries/CCurl"),
        .target(name: "CMartletPQ", path: "Sources/SystemLibraries/CPQ"),
        .systemLibrary(
            name: "CMartletHiredis", path: "Sources/SystemLibraries/CHiredis",
            providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]),
        .target(name: "CEmbedded", path: "Sources/SystemLibraries/CEmbedded"),

        layer("MartletEncoding", "Encoding"),
        layer("MartletThreads", "Threads", ["MartletEncoding"]),
        layer("MartletCryptography", "Cryptography", ["CMartletOpenSSL", "MartletEncoding"]),
        layer("MartletJOSE", "JOSE", ["MartletEncoding", "MartletCryptography"]),
        layer("MartletVerifier", "Verifier", ["MartletEncoding", "MartletThreads", "MartletCryptography", "MartletJOSE"]),
        layer("MartletVerifierCurl", "VerifierCurl", ["CMartletCurl", "MartletEncoding", "MartletThreads", "MartletVerifier"]),
        layer(
            "MartletVerifierRedis", "VerifierRedis",
            ["CMartletHiredis", "MartletEncoding", "MartletThreads", "MartletCryptography", "MartletVerifier"]),
        layer(
            "PasswordHashing", "PasswordHashing",
            ["CArgon2", "CMartletCrypt", "CMartletOpenSSL", "MartletEncoding", "MartletCryptography"]),
        layer("HTTP", "HTTP", ["MartletEncoding"]),
        layer("HTTPServer", "HTTPServer", ["MartletEncoding", "MartletThreads", "HTTP", log] + nio),
        layer("Shadow", "Shadow", ["MartletEncoding", "MartletThreads", "MartletCryptography"]),
        layer("ResourceServer", "ResourceServer", ["MartletEncoding", "MartletJOSE", "MartletVerifier", "HTTP"]),
        layer("Store", "Store", ["MartletEncoding", "MartletThreads"]),
        layer("SQLStore", "SQLStore", ["CSQLite", "MartletEncoding", "MartletThreads", "Store"]),
        layer("DjangoData", "DjangoData", ["CSQLite", "CMartletPQ", "MartletEncoding"]),
        layer(
            "Tokens", "Tokens",
            ["MartletEncoding", "MartletThreads", "MartletCryptography", "MartletJOSE", "MartletVerifier", "Store"]),
        layer(
            "Accounts", "Accounts",
            ["MartletEncoding", "MartletCryptography", "PasswordHashing", "Store", "Tokens"]),
        layer(
            "OAuth", "OAuth",
            [
                "MartletEncoding", "MartletThreads", "MartletCryptography", "MartletJOSE", "MartletVerifier", "Store", "Tokens",
                "Accounts",
            ]),
        layer("Pages", "Pages", ["MartletEncoding"]),
        layer(
            "Web", "Web",
            [
                "MartletEncoding", "MartletCryptography", "MartletJOSE", "MartletVerifier", "HTTP", "ResourceServer", "Store", "Tokens",
                "Accounts", "OAuth", "Pages",
            ]),
        .executableTarget(
            name: "Martlet",
            dependencies: [
                "CEmbedded", "MartletEncoding", "MartletCryptography", "MartletJOSE", "MartletVerifier", "MartletVerifierCurl",
                "MartletVerifierRedis",
                "PasswordHashing", "MartletThreads", "HTTP", "HTTPServer", "Shadow", "ResourceServer", "Store", "SQLStore", "Tokens",
                "Accounts", "OAuth", "Pages", "Web", "DjangoData", arguments, log,
            ],
            path: "Sources/Martlet", swiftSettings: settings),

        .executableTarget(
            name: "benchmarks",
            dependencies: [
                "CMartletOpenSSL", "CSQLite", "MartletEncoding", "MartletCryptography", "MartletJOSE", "MartletVerifier", "MartletThreads",
                "HTTP",
                "Store", "SQLStore",
            ],
            path: "Benchmarks/Sources", swiftSettings: settings),

        .executableTarget(
            name: "JOSETool", dependencies: ["MartletEncoding", "MartletCryptography", "MartletJOSE"],
            path: "Tests/Interop/JOSETool", swiftSettings: settings),

        .target(name: "PageSamples", dependencies: ["CEmbedded", "Pages"], path: "Tests/PageSamples", swiftSettings: settings),
        .executableTarget(
            name: "PagePreview", dependencies: ["MartletEncoding", "HTTP", "Pages", "PageSamples", "Web"],
            path: "Tests/Browser/PagePreview", swiftSettings: settings),

        .target(name: "ProjectMigrations", dependencies: ["SQLStore"], path: "Tests/ProjectMigrations", swiftSettings: settings),
        .target(name: "ChildProcess", path: "Tests/ChildProcess", swiftSettings: settings),
        .target(
            name: "StoreConformance", dependencies: ["MartletEncoding", "MartletThreads", "Store"], path: "Tests/StoreConformance",
            swiftSettings: settings),

        tests("EncodingTests", ["MartletEncoding"]),
        tests("ThreadsTests", ["MartletThreads"]),
        tests("CryptographyTests", ["MartletEncoding", "MartletCryptography"]),
        tests("JOSETests", ["MartletEncoding", "MartletCryptography", "MartletJOSE"]),
        tests("VerifierTests", ["MartletEncoding", "MartletThreads", "MartletCryptography", "MartletJOSE", "MartletVerifier"]),
        tests("VerifierCurlTests", ["ChildProcess", "MartletThreads", "MartletVerifier", "MartletVerifierCurl"]),
        tests("VerifierRedisTests", ["ChildProcess", "MartletThreads", "MartletVerifier", "MartletVerifierRedis"]),
        tests("PasswordHashingTests", ["MartletEncoding", "MartletCryptography", "PasswordHashing"]),
        tests("HTTPTests", ["MartletEncoding", "HTTP"]),
        tests("HTTPServerTests", ["MartletEncoding", "HTTP", "HTTPServer", log] + nio),
        tests("ShadowTests", ["MartletEncoding", "MartletThreads", "Shadow"]),
        tests(
            "SQLStoreTests", ["CSQLite", "MartletEncoding", "MartletThreads", "Store", "SQLStore", "StoreConformance", "ProjectMigrations"]),
        tests("DjangoDataTests", ["CSQLite", "MartletEncoding", "DjangoData"]),
        tests(
            "TokensTests",
            [
                "MartletEncoding", "MartletCryptography", "MartletJOSE", "MartletVerifier", "MartletThreads", "Store", "SQLStore", "Tokens",
                "ProjectMigrations",
            ]),
        tests(
            "AccountsTests",
            [
                "MartletEncoding", "MartletCryptography", "MartletJOSE", "PasswordHashing", "MartletThreads", "Store", "SQLStore", "Tokens",
                "Accounts", "ProjectMigrations",
            ]),
        tests(
            "OAuthTests",
            [
                "MartletEncoding", "MartletCryptography", "MartletJOSE", "MartletVerifier", "MartletThreads", "Store", "SQLStore", "Tokens",
                "Accounts", "OAuth", "ProjectMigrations",
            ]),
        tests("PagesTests", ["MartletEncoding", "Pages", "PageSamples"]),
        tests(
            "WebTests",
            [
                "ProjectMigrations", "Pages", "PageSamples",
                "MartletEncoding", "MartletCryptography", "MartletJOSE", "MartletVerifier", "PasswordHashing", "MartletThreads", "HTTP",
                "Store",
                "SQLStore", "Tokens", "Accounts", "OAuth", "ResourceServer", "Web",
            ]),
        tests(
            "MartletTests",
            [
                "Martlet", "CEmbedded", "MartletEncoding", "MartletJOSE", "MartletVerifier", "PasswordHashing", "HTTP", "HTTPServer",
                "Accounts", "Shadow", "SQLStore", "Store", "MartletCryptography", "DjangoData", "Pages",
                arguments, log,
            ]),
    ]
)
