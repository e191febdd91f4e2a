-- SPDX-License-Identifier: Apache-2.0
-- client: Haskell http-client
-- kind: library
-- debian: libghc-http-client-tls-dev libghc-http-client-dev ghc
-- build: -package http-client -package http-client-tls -package bytestring
import Control.Concurrent (threadDelay)
import Control.Monad (replicateM_)
import qualified Data.ByteString as B
import Network.HTTP.Client
import Network.HTTP.Client.TLS (tlsManagerSettings)
import System.Environment (getArgs)

idle :: IO ()
idle = threadDelay 3600000000

readHalf :: Int -> BodyReader -> IO ()
readHalf size body
  | size <= 0 = idle
  | otherwise = brRead body >>= \part -> readHalf (size - B.length part) body

main :: IO ()
main = do
  [url, times, size] <- getArgs
  manager <- newManager tlsManagerSettings
  request <- parseRequest url
  replicateM_ (read times) $
    if read size > 0
      then withResponse request manager (readHalf (read size) . responseBody)
      else () <$ httpLbs request manager
  idle
  () <$ httpLbs request manager -- one that nobody needs any more would be closed
