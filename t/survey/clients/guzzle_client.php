<?php
// SPDX-License-Identifier: Apache-2.0
// client: PHP Guzzle
// kind: library
// debian: php-guzzlehttp-guzzle php8.2-curl
// pattern: ^GuzzleHttp/
require "/usr/share/php/GuzzleHttp/autoload.php";

[, $url, $times, $size] = $argv;
$client = new GuzzleHttp\Client();
for ($i = 0; $i < $times; ++$i) {
    $body = $client->get($url, ["stream" => (bool)$size])->getBody();
    for ($got = 0; $got < $size; $got += strlen($part))
        $part = $body->read(65536);
}
sleep(3600);
