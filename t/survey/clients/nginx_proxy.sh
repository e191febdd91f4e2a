# SPDX-License-Identifier: Apache-2.0
# client: nginx upstream keepalive
# kind: proxy
# debian: nginx-light curl
. /survey/words.sh
cat >nginx.conf <<END
daemon off;
pid $PWD/pid;
error_log $PWD/error.log;
events {}
http {
    access_log off;
    client_body_temp_path $PWD/body;
    proxy_temp_path $PWD/proxy;
    fastcgi_temp_path $PWD/fastcgi;
    uwsgi_temp_path $PWD/uwsgi;
    scgi_temp_path $PWD/scgi;
    upstream survey { server $host:$port; keepalive 16; }
    server {
        listen 127.0.0.1:$PORT;
        location / {
            proxy_pass ${url%%:*}://survey;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_ssl_server_name on;
            proxy_ssl_name $host;
            proxy_max_temp_file_size 0;
        }
    }
}
END
nginx -p "$PWD" -e error.log -c nginx.conf &
through
