<?php
// SPDX-License-Identifier: Apache-2.0
// client: PHP Symfony HttpClient
// kind: library
// debian: php-symfony-http-client php8.2-curl
// pattern: ^Symfony HttpClient/
require "/usr/share/php/Symfony/Component/HttpClient/autoload.php";

[, $url, $times, $size] = $argv;
$client = Symfony\Component\HttpClient\HttpClient::create();
for ($i = 0; $i < $times; ++$i) {
    $reply = $client->request("GET", $url, ["buffer" => !$size]);
    if (!$size) {
        $reply->getContent();
        continue;
    }
    $got = 0;
    foreach ($client->stream($reply) as $part)
        if (($got += strlen($part->getContent())) >= $size)
            sleep(3600);
}
sleep(3600);
