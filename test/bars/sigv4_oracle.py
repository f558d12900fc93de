"""Random requests to AWS services and how botocore signs them."""

import datetime
import types

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

# What a key, a value or a name may hold: much of what breaks an encoder.
ALPHABET = ("abcXYZ019-._~/ +%&=?#@:;,!$'()*\"<>[]{}|\\^`" "\t\x01\x7f" "äß日本\u0301📦")
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
SERVICES = ("s3", "s3", "s3", "rds", "sts", "backup")
UNSIGNED = "UNSIGNED-PAYLOAD"


def encoded(text, keep=""):
    return "".join(chr(b) if chr(b) in UNRESERVED + keep and b < 128 else f"%{b:02X}" for b in text.encode())


def text(rng, most, alphabet=ALPHABET):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(0, most)))


def header_value(rng):
    return text(rng, 24, "abcXYZ019-._~/+%&=?#@:;,!$'()*\"<>[]{}|\\^ \t  ")


def random_case(rng):
    """One case in the shape of test/vectors/sigv4.json."""
    service, presign = rng.choice(SERVICES), rng.random() < 0.3
    region = rng.choice(("eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1"))
    scheme = rng.choice(("https", "https", "http"))
    host = rng.choice((f"bucket.{service}.{region}.amazonaws.com", "127.0.0.1:9000", "[::1]:9000",
                       f"{service}.{region}.amazonaws.com" + (":443" if scheme == "https" else ":80")))
    path = "/" + text(rng, 30)
    if service != "s3":
        path = encoded(path, "/")
    headers = [(f"x-amz-meta-{rng.choice('abc')}", header_value(rng)) for _ in range(rng.randint(0, 3))]
    if rng.random() < 0.5:
        headers.append(("Content-Type", rng.choice(("text/plain", "application/json; charset=utf-8"))))
    if rng.random() < 0.2:
        headers.append(("User-Agent", "one/1.0"))
    moment = datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=rng.randrange(730 * 86_400))
    method = rng.choice(("GET", "PUT", "POST", "DELETE", "HEAD"))
    query = [[text(rng, 6) + rng.choice("abc"), rng.choice((None, "", text(rng, 12)))]
             for _ in range(rng.randint(0, 4))]
    if presign:  # of a name that is repeated in a URL botocore keeps one
        query = [[name, value] for name, value in dict(query).items()]
    return {"mode": "presign" if presign else "header",
            "keys": {"id": text(rng, 20, "ABCDEFGHIJ0123456789") + "A", "secret": text(rng, 40, "abcXYZ019/+") + "a"},
            "input": {
                "method": method, "scheme": scheme, "host": host, "path": path, "pathIsEncoded": service != "s3",
                "query": query, "headers": headers, "region": region, "service": service,
                "body": "" if presign or method in ("GET", "HEAD") else text(rng, 200),
                "payload": UNSIGNED if service == "s3" and scheme == "https" and rng.random() < 0.3 else "sha256",
                "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "sessionToken": text(rng, 60, "abcXYZ019/+=") + "T" if rng.random() < 0.4 else None,
                "expires": rng.choice((1, 60, 900, 604_800))}}


class Signed:
    """What botocore makes of a case."""

    def __init__(self, case):
        given, presign = case["input"], case["mode"] == "presign"
        auth = {("s3", False): botocore.auth.S3SigV4Auth, ("s3", True): botocore.auth.S3SigV4QueryAuth}.get(
            (given["service"], presign), botocore.auth.SigV4QueryAuth if presign else botocore.auth.SigV4Auth)
        seen = self

        class Spy(auth):
            def canonical_request(self, request):
                seen.canonical_request = super().canonical_request(request)
                return seen.canonical_request

            def string_to_sign(self, request, canonical_request):
                seen.string_to_sign = super().string_to_sign(request, canonical_request)
                return seen.string_to_sign

            def signature(self, string_to_sign, request):
                seen.signature = super().signature(string_to_sign, request)
                return seen.signature

        request = AWSRequest(method=given["method"], url=self.url_of(given), data=given["body"].encode())
        for name, value in given["headers"]:
            request.headers[name] = value
        if given["payload"] == UNSIGNED:
            request.context["client_config"] = types.SimpleNamespace(s3={"payload_signing_enabled": False})
        moment = datetime.datetime.strptime(given["time"], "%Y-%m-%dT%H:%M:%SZ")
        botocore.auth.get_current_datetime = lambda *_, **__: moment
        keys = Credentials(case["keys"]["id"], case["keys"]["secret"], given["sessionToken"])
        Spy(keys, given["service"], given["region"], *((given["expires"],) if presign else ())).add_auth(request)
        self.url = request.url
        self.authorization = request.headers.get("Authorization")

    @staticmethod
    def url_of(given):
        path = given["path"] if given["pathIsEncoded"] else encoded(given["path"], "/")
        query = "&".join(encoded(name) + ("" if value is None else "=" + encoded(value))
                         for name, value in given["query"])
        return f"{given['scheme']}://{given['host']}{path}" + ("?" + query if query else "")
