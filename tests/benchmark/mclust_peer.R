# One EM iteration of mclust, timed: Rscript mclust_peer.R MODEL X.bin N D start.bin K, both files row-major doubles
# (start: K x D means), MODEL VVV, EEE, VVI or VII. Prints the log-likelihood after it and its seconds.
suppressMessages(library(mclust))
arguments <- commandArgs(TRUE)
n <- as.integer(arguments[3]); d <- as.integer(arguments[4]); k <- as.integer(arguments[6])
x <- matrix(readBin(arguments[2], "double", n * d), n, d, byrow = TRUE)
means <- matrix(readBin(arguments[5], "double", k * d), d, k)
one <- diag(d)
variance <- list(modelName = arguments[1], d = d, G = k)
variance <- switch(arguments[1],
  VVV = c(variance, list(sigma = array(one, c(d, d, k)), cholsigma = array(one, c(d, d, k)))),
  EEE = c(variance, list(Sigma = one, cholSigma = one, sigma = array(one, c(d, d, k)))),
  VVI = c(variance, list(scale = rep(1, k), shape = matrix(1, d, k), sigma = array(one, c(d, d, k)))),
  VII = c(variance, list(sigmasq = rep(1, k), scale = rep(1, k), sigma = array(one, c(d, d, k)))))
parameters <- list(pro = rep(1 / k, k), mean = means, variance = variance)
seconds <- system.time({
  e <- estep(x, arguments[1], parameters)
  m <- mstep(x, arguments[1], e$z)
})["user.self"]
cat(sprintf("%.15g %.6g\n", estep(x, arguments[1], m$parameters)$loglik, seconds))
