// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "martlet-example",
    platforms: [.macOS(.v15)],
    dependencies: [
        // In your own package: .package(url: …, from: …)
        .package(name: "martlet", path: "../.."),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    ],
    targets: [
        .executableTarget(
            name: "API",
            dependencies: [
                .product(name: "MartletVerifier", package: "martlet"),
                .product(name: "MartletVerifierCurl", package: "martlet"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ])
    ]
)
